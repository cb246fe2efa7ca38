// SPDX-License-Identifier: MIT

package commit_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/commit"
	"github.com/sandbox-rls/sandbox/internal/required"
	"github.com/sandbox-rls/sandbox/internal/volume"
)

// TestMounts commits to a target with other mounts in it.
func TestMounts(t *testing.T) {
	if inNamespace(t) {
		return
	}
	before := files{"a": "1", "m/x": "1", "m/n/y": "1", "m/n/z/w": "1", "bind/v": "1"}
	after := files{"a": "2", "m/x": "2", "m/n/y": "2", "m/n/new/w": "1", "bind/v": "2", "bind/u": "1"}
	for n := 0; ; n++ {
		w := newWorld(t, memoryDir(t), before, after)
		remount := func(dir, what string) {
			keep := w.lower + "/" + dir
			if what == "tmpfs" {
				must(t, unix.Mount("none", w.target+"/"+dir, "tmpfs", 0, "mode=755"))
			} else {
				must(t, os.MkdirAll(w.target+".bind", 0o755))
				must(t, unix.Mount(w.target+".bind", w.target+"/"+dir, "", unix.MS_BIND, ""))
			}
			copyTree(t, keep, w.target+"/"+dir)
		}
		remount("m", "tmpfs")
		remount("m/n", "tmpfs")
		remount("bind", "bind")
		calls := 0
		_, err := w.commit(t, commit.Options{}.WithFault(func(string) error {
			if calls++; n > 0 && calls >= n {
				return unix.EIO
			}
			return nil
		}))
		list, rerr := commit.Recover(context.Background(), w.journal)
		must(t, rerr)
		for _, r := range list {
			must(t, r.Err)
		}
		w.clean(t)
		if got := scan(t, w.target); n == 0 || !equal(got, scan(t, w.lower)) {
			w.same(t, w.after)
		}
		for _, dir := range []string{"m/n", "m", "bind"} {
			must(t, unix.Unmount(w.target+"/"+dir, 0))
		}
		if n == 0 {
			must(t, err)
		} else if err == nil {
			break
		}
	}
}

// TestFullFileSystem, and others that cannot be written.
func TestFileSystemsThatFail(t *testing.T) {
	if inNamespace(t) {
		return
	}
	for name, c := range map[string]struct {
		options string
		flags   uintptr
		want    error
	}{
		"full":      {"size=256k,mode=755", 0, unix.ENOSPC},
		"no inodes": {"nr_inodes=7,mode=755", 0, unix.ENOSPC},
		"read-only": {"mode=755", unix.MS_RDONLY, unix.EROFS},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, memoryDir(t), files{"a": "1", "d/x": "1"}, files{
				"a": strings.Repeat("a", 100<<10), "b": strings.Repeat("b", 200<<10), "c": "1", "e": "1", "f": "1",
			})
			must(t, unix.Mount("none", w.target, "tmpfs", 0, c.options))
			defer func() { must(t, unix.Unmount(w.target, 0)) }()
			copyTree(t, w.lower, w.target)
			if c.flags != 0 {
				must(t, unix.Mount("none", w.target, "", unix.MS_REMOUNT|unix.MS_BIND|c.flags, ""))
			}
			report, err := w.commit(t, commit.Options{})
			if !errors.Is(err, c.want) || report == nil || len(report.Applied) > 0 {
				t.Errorf("%v, %+v", err, report)
			}
			w.same(t, w.lower)
			w.clean(t)
		})
	}
}

// TestNoPermission commits to directories of somebody else.
func TestNoPermission(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may everything")
	}
	w := newWorld(t, memoryDir(t), files{"a": "1", "d/x": "1", "d/y": "1"}, files{"a": "2", "d/x": "2", "b": "1"})
	must(t, os.Chmod(w.target+"/d", 0o555))
	defer func() { _ = os.Chmod(w.target+"/d", 0o755) }()
	before := scan(t, w.target)
	report, err := w.commit(t, commit.Options{})
	if !errors.Is(err, os.ErrPermission) || report == nil || !report.RolledBack || len(report.Applied)+len(report.Left) > 0 {
		t.Errorf("%v, %+v", err, report)
	}
	if !equal(before, scan(t, w.target)) {
		t.Error("something was left")
	}
	w.clean(t)
}

// TestDirectoryComesBack takes a commit back that had removed a directory, on a file system
// that gives the new one the old one's inode number.
func TestDirectoryComesBack(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root mounts ext4")
	}
	dir := diskDir(t)
	v, err := volume.NewFormatter(dir).Create(dir, 16<<20)
	if errors.Is(err, errors.ErrUnsupported) {
		required.Missing(t, "loop", err)
	}
	must(t, err)
	defer v.Close()
	must(t, os.Mkdir(v.Root()+"/world", 0o755))
	w := newWorld(t, v.Root()+"/world", files{"b": "1", "e/z": "1", "f": "1"}, files{"b": "2", "f": "2"})
	for _, tree := range []string{w.lower, w.target} {
		must(t, os.Chmod(tree+"/e", 0o751))
	}
	b, err := os.Open(w.target + "/b")
	must(t, err)
	defer b.Close()
	const immutable = unix.STATX_ATTR_IMMUTABLE                                    // as FS_IMMUTABLE_FL
	must(t, unix.IoctlSetPointerInt(int(b.Fd()), unix.FS_IOC_SETFLAGS, immutable)) // nothing takes its place
	before := inode(t, w.target+"/e")
	_, err = w.commit(t, commit.Options{})
	if !errors.Is(err, unix.EPERM) {
		t.Fatalf("commit: %v", err)
	}
	if after := inode(t, w.target+"/e"); after != before {
		t.Errorf("the directory was %d, and is %d: this shows nothing", before, after)
	}
	w.clean(t)
	w.same(t, w.lower)
	must(t, unix.IoctlSetPointerInt(int(b.Fd()), unix.FS_IOC_SETFLAGS, 0))
}

func inode(t *testing.T, name string) uint64 {
	t.Helper()
	var st unix.Stat_t
	must(t, unix.Stat(name, &st))
	return st.Ino
}

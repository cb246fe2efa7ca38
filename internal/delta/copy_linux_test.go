// SPDX-License-Identifier: MIT

package delta_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// raw is all that there is to say of the files of a layer but for their
// addresses on the disk.
func raw(t fataler, dir string) map[string]string {
	t.Helper()
	files, first := map[string]string{}, map[uint64]string{}
	err := filepath.WalkDir(dir, func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var st unix.Stat_t
		if err := unix.Lstat(name, &st); err != nil {
			return err
		}
		path := strings.TrimPrefix(name, dir)
		s := fmt.Sprintf("%o %d:%d %d %d", st.Mode, st.Uid, st.Gid, st.Rdev, st.Mtim.Nano())
		if st.Mode&unix.S_IFMT != unix.S_IFDIR {
			if first[st.Ino] == "" {
				first[st.Ino] = path
			}
			s += fmt.Sprintf(" %d =%s", st.Size, first[st.Ino])
		}
		switch st.Mode & unix.S_IFMT {
		case unix.S_IFREG:
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			s += " " + string(data)
		case unix.S_IFLNK:
			link, _ := os.Readlink(name)
			s += " " + link
		}
		buf, value := make([]byte, 4096), make([]byte, 4096)
		if n, err := unix.Llistxattr(name, buf); err == nil {
			attrs := strings.Split(string(buf[:n]), "\x00")
			slices.Sort(attrs)
			for _, attr := range attrs {
				if strings.HasSuffix(attr, ".overlay.uuid") {
					continue // of one file system, and not of its copy
				}
				if n, err := unix.Lgetxattr(name, attr, value); err == nil {
					s += fmt.Sprintf(" %s=%x", attr, value[:n])
				}
			}
		}
		files[path] = s
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func copyLayer(t fataler, src string) (dst string) {
	t.Helper()
	dst = src + ".copy"
	if err := delta.Copy(context.Background(), dst, src, tree.Caller); err != nil {
		t.Fatal(err)
	}
	return dst
}

func TestCopy(t *testing.T) {
	dir := t.TempDir()
	src := dir + "/src"
	must(t, os.Mkdir(src, 0o750))
	put(t, src+"/dir/file", "content")
	put(t, src+"/opaque/sub/file", "")
	put(t, src+"/empty/"+strings.Repeat("l", 255), "long name")
	put(t, src+"/new\nline/bad\xff", "odd")
	must(t, unix.Setxattr(src+"/opaque", "user.overlay.opaque", []byte("y"), 0))
	must(t, unix.Setxattr(src+"/dir/file", "user.mine", []byte("\x00value"), 0))
	must(t, unix.Setxattr(src+"/dir/file", "user.overlay.origin", []byte("origin"), 0))
	must(t, unix.Mknod(src+"/gone", unix.S_IFCHR, 0))
	must(t, unix.Mkfifo(src+"/fifo", 0o640))
	must(t, unix.Mknod(src+"/socket", unix.S_IFSOCK|0o644, 0))
	must(t, os.Symlink("/etc/passwd", src+"/link"))
	for _, name := range []string{"dir/file", "gone", "fifo", "link"} {
		must(t, os.Link(src+"/"+name, src+"/empty/"+filepath.Base(name)))
	}
	must(t, os.Chmod(src+"/dir/file", os.ModeSetuid|0o4711))
	must(t, os.Chmod(src+"/empty", os.ModeSticky|0o777))
	for i := range 1000 {
		put(t, src+"/many/"+strconv.Itoa(i), strconv.Itoa(i))
	}
	must(t, os.WriteFile(src+"/sparse", nil, 0o600))
	old := time.Unix(1e9, 7)
	must(t, os.Chtimes(src+"/empty", old, old))
	must(t, os.Chtimes(src, old, old))
	must(t, os.Truncate(src+"/sparse", 1<<20))

	dst := copyLayer(t, src)
	if d := cmp.Diff(raw(t, src), raw(t, dst)); d != "" {
		t.Errorf("-source +copy:\n%s", d)
	}
	var st unix.Stat_t
	must(t, unix.Stat(dst+"/sparse", &st))
	if st.Blocks != 0 {
		t.Errorf("the hole takes %d blocks", st.Blocks)
	}
	if err := delta.Copy(t.Context(), dst, src, tree.Caller); !errors.Is(err, fs.ErrExist) {
		t.Errorf("to what exists: %v", err)
	}
	if err := delta.Copy(t.Context(), dir+"/n", dir+"/none", tree.Caller); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of nothing: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := delta.Copy(ctx, dir+"/n", src, tree.Caller); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := os.Lstat(dir + "/n"); !os.IsNotExist(err) {
		t.Errorf("what was not copied is there: %v", err)
	}
}

// TestCopyOfAnUpper mounts copies of what random actions made of an overlay.
func TestCopyOfAnUpper(t *testing.T) {
	base := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(base, "")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		o := newOverlay(t, dir)
		for range rapid.IntRange(0, 10).Draw(t, "files") {
			act(t, o.code())
		}
		unmount := o.mount(t)
		for range rapid.IntRange(0, 20).Draw(t, "acts") {
			act(t, o.merged)
		}
		want := scan(t, o.merged)
		copied := copyLayer(t, o.upper)
		if d := cmp.Diff(raw(t, o.upper), raw(t, copied)); d != "" {
			t.Fatalf("-upper +copy:\n%s", d)
		}
		unmount()
		o.upper = copied
		defer o.mount(t)()
		if d := cmp.Diff(want, scan(t, o.merged), cmp.AllowUnexported(file{})); d != "" {
			t.Fatalf("-original +copy:\n%s", d)
		}
	})
}

func TestCopyOfADeepTree(t *testing.T) {
	src := t.TempDir() + "/src"
	must(t, os.Mkdir(src, 0o755))
	fd, err := unix.Open(src, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	must(t, err)
	const depth = 99 // just short enough, while the host's path is not
	for range depth {
		must(t, unix.Mkdirat(fd, strings.Repeat("d", 40), 0o755))
		next, err := unix.Openat(fd, strings.Repeat("d", 40), unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		must(t, err)
		unix.Close(fd)
		fd = next
	}
	unix.Close(fd)
	got, err := delta.Changes(delta.Layers{Upper: copyLayer(t, src), Lower: []string{t.TempDir()}})
	must(t, err)
	if len(got) < depth || len(got[len(got)-1].Path) != depth*41 {
		t.Errorf("%d changes", len(got))
	}
	must(t, tree.Remove(src))
	must(t, tree.Remove(src+".copy"))
}

// TestCopyOnAFullDisk copies what has no room.
func TestCopyOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	small := dirs(t, dir, "small", "src")
	must(t, unix.Mount("tmpfs", small[0], "tmpfs", 0, "size=1m"))
	defer unix.Unmount(small[0], unix.MNT_DETACH)
	for i := range 100 {
		put(t, small[1]+"/d/"+strconv.Itoa(i), strings.Repeat("x", 64<<10))
	}
	if err := delta.Copy(t.Context(), small[0]+"/dst", small[1], tree.Caller); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("got %v", err)
	}
	if names, err := os.ReadDir(small[0]); err != nil || len(names) > 0 {
		t.Errorf("left: %v, %v", names, err)
	}
}

// TestCopyMeanwhile copies what changes all the time.
func TestCopyMeanwhile(t *testing.T) {
	dir := t.TempDir()
	src := dirs(t, dir, "src")[0]
	secret := t.TempDir() + "/secret"
	put(t, secret, "secret")
	shuffle(t, src)
	var over atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; !over.Load(); i++ {
			_ = os.WriteFile(src+"/"+strconv.Itoa(i%50), []byte("x"), 0o644)
			_ = os.Remove(src + "/" + strconv.Itoa((i+25)%50))
			_ = os.Mkdir(src+"/d", 0o755)
			_ = os.WriteFile(src+"/d/f", nil, 0o644)
			_ = os.Rename(src+"/d", src+"/e")
			_ = os.Symlink(filepath.Dir(secret), src+"/d")
			_ = os.Remove(src + "/d")
			_ = os.RemoveAll(src + "/e")
		}
	}()
	defer func() { over.Store(true); <-done }()
	for range 100 {
		dst := copyLayer(t, src)
		for path, s := range raw(t, dst) {
			if strings.HasSuffix(path, "secret") || strings.HasSuffix(s, "secret") {
				t.Fatalf("%s: %s", path, s)
			}
		}
		must(t, tree.Remove(dst))
	}
}

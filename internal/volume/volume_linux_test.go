// SPDX-License-Identifier: MIT

package volume_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/volume"
)

const MB = 1 << 20

// create makes a volume; where this user cannot, that is what is tested.
func create(t *testing.T, dir string, limit int64) *volume.Volume {
	t.Helper()
	v, err := volume.NewFormatter(dir).Create(dir, limit)
	if os.Geteuid() != 0 {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Fatalf("got %v", err)
		}
		if names, _ := os.ReadDir(dir); len(names) != 0 {
			t.Errorf("left: %v", names)
		}
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fill writes to a file until that fails.
func fill(t *testing.T, name string) (written int64, err error) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	check(t, err)
	defer f.Close()
	for {
		n, err := f.Write(make([]byte, 64<<10))
		written += int64(n)
		if err != nil {
			return written, err
		}
	}
}

func near(got, want int64) bool { return got > want*95/100 && got <= want }

func TestVolume(t *testing.T) {
	dir := t.TempDir()
	v := create(t, dir, 8*MB)
	if v == nil {
		return
	}
	upper := filepath.Join(v.Root(), "upper")
	if used, _, err := v.Usage(); err != nil || used != 0 {
		t.Errorf("an empty one uses %d: %v", used, err)
	}
	n, err := fill(t, upper+"/x")
	if !errors.Is(err, syscall.ENOSPC) || !near(n, 8*MB) {
		t.Errorf("wrote %d, %v", n, err)
	}
	if used, _, err := v.Usage(); err != nil || !near(used, 8*MB) {
		t.Errorf("a full one uses %d: %v", used, err)
	}
	if err := v.Resize(4 * MB); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("less than is in use: %v", err)
	}
	check(t, v.Resize(24*MB))
	if n, err := fill(t, upper+"/x"); !errors.Is(err, syscall.ENOSPC) || !near(n, 16*MB) {
		t.Errorf("wrote %d more, %v", n, err)
	}
	if err := v.Resize(1 << 30); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("more than there is: %v", err)
	}
	check(t, os.Truncate(upper+"/x", 0))
	check(t, v.Resize(2*MB))
	if n, err := fill(t, upper+"/x"); !errors.Is(err, syscall.ENOSPC) || !near(n, 2*MB) {
		t.Errorf("wrote %d of 2 MB, %v", n, err)
	}
	check(t, os.Remove(upper+"/x"))
	check(t, os.WriteFile(upper+"/kept", []byte("kept"), 0o600))
	// A second mount, as the next start of a sandbox has it.
	m, err := v.Mount()
	check(t, err)
	data, err := os.ReadFile(fmt.Sprintf("/proc/self/fd/%d/upper/kept", m.Fd()))
	if err != nil || string(data) != "kept" {
		t.Errorf("by another mount: %q, %v", data, err)
	}
	check(t, m.Close())
	check(t, v.Close())
	freed(t, dir)
	again, err := volume.Open(dir, 2*MB)
	check(t, err)
	data, err = os.ReadFile(filepath.Join(again.Root(), "upper/kept"))
	if err != nil || string(data) != "kept" {
		t.Errorf("opened again: %q, %v", data, err)
	}
	if used, _, err := again.Usage(); err != nil || used <= 0 || used > MB {
		t.Errorf("opened again it uses %d: %v", used, err)
	}
	_, _ = fill(t, filepath.Join(again.Root(), "upper/x"))
	check(t, again.Discard())
	freed(t, dir)
}

// TestSpace looks at what a volume takes of the file system beneath it.
func TestSpace(t *testing.T) {
	dir := t.TempDir()
	v := create(t, dir, 64*MB)
	if v == nil {
		return
	}
	defer v.Close()
	var st unix.Stat_t
	blocks := func() int64 {
		check(t, unix.Stat(filepath.Join(dir, "image"), &st))
		return st.Blocks * 512
	}
	if got := blocks(); got > 2*MB {
		t.Errorf("an empty volume takes %d bytes", got)
	}
	_, err := fill(t, filepath.Join(v.Root(), "upper/x"))
	if !errors.Is(err, syscall.ENOSPC) {
		t.Error(err)
	}
	sync := func() {
		f, err := os.Open(v.Root())
		check(t, err)
		check(t, unix.Syncfs(int(f.Fd())))
		f.Close()
	}
	sync()
	if got := blocks(); got > 72*MB {
		t.Errorf("a full volume takes %d bytes", got)
	}
	check(t, os.Remove(filepath.Join(v.Root(), "upper/x")))
	sync()
	for end := time.Now().Add(time.Minute); blocks() > 16*MB; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("an emptied volume takes %d bytes", blocks())
		}
	}
}

// TestFiles makes empty files, which take no blocks: their number has a bound.
func TestFiles(t *testing.T) {
	v := create(t, t.TempDir(), MB)
	if v == nil {
		return
	}
	defer func() { check(t, v.Discard()) }()
	n := 0
	for {
		f, err := os.OpenFile(filepath.Join(v.Root(), fmt.Sprintf("upper/%d", n)), os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			if !errors.Is(err, syscall.ENOSPC) {
				t.Error(err)
			}
			break
		}
		f.Close()
		if n++; n > 1<<20 {
			t.Fatal("a million files in a megabyte")
		}
	}
	if _, files, err := v.Usage(); err != nil || files < int64(n) {
		t.Errorf("%d files were made, there are %d: %v", n, files, err)
	}
}

// freed waits until the devices of a directory are free: whoever else has one open by then,
// as a program that looks for a free one, or at each new one, has them for a moment more.
func freed(t *testing.T, dir string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); len(loops(t, dir)) > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("devices are left: %q", loops(t, dir))
		}
	}
}

// loops lists the loop devices whose file is in a directory.
func loops(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob("/sys/block/loop*/loop/backing_file")
	check(t, err)
	var found []string
	for _, name := range names {
		if data, err := os.ReadFile(name); err == nil && strings.HasPrefix(string(data), dir) {
			found = append(found, name)
		}
	}
	return found
}

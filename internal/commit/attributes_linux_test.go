// SPDX-License-Identifier: MIT

package commit_test

import (
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/commit"
	"github.com/sandbox-rls/sandbox/internal/required"
)

func lstat(t *testing.T, name string) *syscall.Stat_t {
	t.Helper()
	info, err := os.Lstat(name)
	must(t, err)
	return info.Sys().(*syscall.Stat_t)
}

func TestSetIDBitsAreNotCarriedOver(t *testing.T) {
	w := newWorld(t, memoryDir(t), files{"a": "1", "b": "1"}, files{"a": "2", "b": "1", "c": "1", "d": "/"})
	must(t, os.WriteFile(w.upper+"/b", []byte("1"), 0o755))
	for _, name := range []string{"a", "b", "c", "d"} {
		must(t, os.Chmod(w.upper+"/"+name, 0o755|os.ModeSetuid|os.ModeSetgid))
	}
	_, err := w.commit(t, commit.Options{})
	must(t, err)
	for _, name := range []string{"a", "b", "c", "d"} {
		if perm := lstat(t, w.target+"/"+name).Mode & 0o7777; perm != 0o755 {
			t.Errorf("%s has %o", name, perm)
		}
	}
}

func TestTimesAndHoles(t *testing.T) {
	w := newWorld(t, diskDir(t), files{"a": "1"}, files{"a": "2", "new": "1", "dir/x": "1", "link": "->x"})
	old := time.Unix(1e9, 123456789)
	must(t, os.Truncate(w.upper+"/new", 64<<20))
	f, err := os.OpenFile(w.upper+"/new", os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteAt([]byte("data"), 32<<20)
	must(t, err)
	must(t, f.Close())
	for _, name := range []string{"a", "new", "dir/x", "dir"} {
		must(t, os.Chtimes(w.upper+"/"+name, old, old))
	}
	_, err = w.commit(t, commit.Options{})
	must(t, err)
	for _, name := range []string{"a", "new", "dir/x", "dir"} {
		if got := lstat(t, w.target+"/"+name).Mtim.Nano(); got != old.UnixNano() {
			t.Errorf("%s was modified at %v", name, time.Unix(0, got))
		}
	}
	if st := lstat(t, w.target+"/new"); st.Size != 64<<20 || st.Blocks*512 > 1<<20 {
		t.Errorf("%d bytes in %d blocks", st.Size, st.Blocks)
	}
}

func TestWhatAChangedFileKeeps(t *testing.T) {
	w := newWorld(t, diskDir(t), files{"a": "1", "only": "1"}, files{"a": "2", "only": "0600 1"})
	must(t, os.Link(w.target+"/a", w.target+"/other"))
	if err := unix.Setxattr(w.target+"/a", "user.mine", []byte("kept"), 0); err != nil {
		required.Missing(t, "xattr", err)
	}
	_ = unix.Setxattr(w.upper+"/a", "user.theirs", []byte("hostile"), 0)
	inode := lstat(t, w.target+"/only").Ino
	_, err := w.commit(t, commit.Options{})
	must(t, err)
	value := make([]byte, 10)
	if n, err := unix.Getxattr(w.target+"/a", "user.mine", value); err != nil || string(value[:n]) != "kept" {
		t.Errorf("attribute %q, %v", value, err)
	}
	if _, err := unix.Getxattr(w.target+"/a", "user.theirs", value); err != unix.ENODATA {
		t.Errorf("an attribute of the sandbox's: %v", err)
	}
	if b, _ := os.ReadFile(w.target + "/other"); string(b) != "1" {
		t.Errorf("the other link has %q", b)
	}
	if lstat(t, w.target+"/only").Ino != inode {
		t.Error("a change of permissions made another file")
	}
}

func TestOwners(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root")
	}
	w := newWorld(t, memoryDir(t), files{"a": "1", "d": "/"}, files{"a": "2", "d/x": "1", "d/e/y": "1", "d/l": "->x"})
	must(t, os.Chown(w.target+"/a", 1001, 1002))
	must(t, os.Chown(w.target+"/d", 1003, 1004))
	_, err := w.commit(t, commit.Options{})
	must(t, err)
	for name, want := range map[string][2]uint32{"a": {1001, 1002}, "d/x": {1003, 1004}, "d/e": {1003, 1004}, "d/e/y": {1003, 1004}, "d/l": {1003, 1004}} {
		if st := lstat(t, w.target+"/"+name); st.Uid != want[0] || st.Gid != want[1] {
			t.Errorf("%s belongs to %d:%d", name, st.Uid, st.Gid)
		}
	}
}

// TestHugeHoles commits a file that would take days to read, with times by which nothing can be
// said of it, over one of the same kind.
func TestHugeHoles(t *testing.T) {
	const huge = 8 << 40
	w := newWorld(t, diskDir(t), files{"a": "1"}, files{"a": "2", "new": "1"})
	must(t, os.Truncate(w.target+"/a", huge-1))
	must(t, os.Link(w.target+"/a", w.target+"/b"))
	for _, name := range []string{"a", "new"} {
		must(t, os.Truncate(w.upper+"/"+name, huge))
		must(t, os.Chtimes(w.upper+"/"+name, time.Time{}, time.Now().Add(time.Hour)))
	}
	done := make(chan error, 1)
	go func() {
		_, err := w.commit(t, commit.Options{Overwrite: true})
		done <- err
	}()
	select {
	case err := <-done:
		must(t, err)
	case <-time.After(time.Minute):
		t.Fatal("it takes too long")
	}
	if got := lstat(t, w.target+"/a").Size; got != huge {
		t.Errorf("%d bytes", got)
	}
}

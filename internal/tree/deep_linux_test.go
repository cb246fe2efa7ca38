// SPDX-License-Identifier: MIT

package tree_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// deep makes depth nested directories, each with a file and a second
// directory, and returns the name of a level.
func deep(t testing.TB, dir string, depth int) string {
	t.Helper()
	name := strings.Repeat("d", 40)
	fd, err := unix.Open(dir, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	for range depth {
		for _, sub := range []string{name, "a"} {
			if err := unix.Mkdirat(fd, sub, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		next, err := unix.Openat(fd, name, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		unix.Close(fd)
		if err != nil {
			t.Fatal(err)
		}
		fd = next
	}
	unix.Close(fd)
	return name
}

func TestDeeperThanPathMax(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	const depth = 500
	name := deep(t, dir, depth)
	got := list(t, dir)
	if len(got.Entries) != 2*depth+1 || len(got.Problems) != 0 {
		t.Fatalf("%d entries, %v", len(got.Entries), got.Problems)
	}
	cursor, err := tree.OpenCursor(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer cursor.Close()
	for _, e := range got.Entries {
		if _, err := cursor.Dir(e.Path); err != nil {
			t.Fatalf("Dir of %d bytes: %v", len(e.Path), err)
		}
	}
	fd, err := tree.OpenAt(unix.AT_FDCWD, strings.Repeat("x/", 3), unix.O_PATH)
	if err == nil {
		unix.Close(fd)
		t.Error("opened what is not there")
	}
	if _, err := cursor.Dir("/" + name + "/a/nothing"); err != unix.ENOENT {
		t.Errorf("missing: %v", err)
	}
	if err := tree.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(dir); err == nil {
		t.Error("still there")
	}
}

func TestCursorFollowsNoLink(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "real/sub/file"), "")
	if err := os.Symlink("real", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	cursor, err := tree.OpenCursor(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer cursor.Close()
	for _, path := range []string{"/link", "/link/sub"} {
		if _, err := cursor.Dir(path); err == nil {
			t.Errorf("%s was opened", path)
		}
	}
}

func TestRemoveOpensWhatItsOwnerClosed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "top")
	write(t, filepath.Join(dir, "a/b/c"), "")
	outside := filepath.Join(t.TempDir(), "outside")
	write(t, filepath.Join(outside, "file"), "")
	if err := os.Symlink(outside, filepath.Join(dir, "a/link")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a/b", "a", ""} {
		if err := os.Chmod(filepath.Join(dir, name), 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := tree.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(dir); err == nil {
		t.Error("still there")
	}
	if _, err := os.Lstat(filepath.Join(outside, "file")); err != nil {
		t.Error(err)
	}
	if err := tree.Remove(dir); err != nil {
		t.Errorf("what is already gone: %v", err)
	}
}

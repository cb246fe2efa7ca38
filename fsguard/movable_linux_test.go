// SPDX-License-Identifier: MIT

package fsguard

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mover is a call that asks for the renaming of a directory in which not all that could
// lie may be written, so that it must be looked through. The process waits as long as
// waits says so.
func mover(t *testing.T, waits func() bool) *call {
	t.Helper()
	before := ioctl
	t.Cleanup(func() { ioctl = before })
	ioctl = func(int, uint, unsafe.Pointer) (int, unix.Errno) {
		if waits() {
			return 0, 0
		}
		return -1, unix.ENOENT
	}
	policy, err := Compile([]Rule{
		{Pattern: "/**", Permission: Write},
		{Pattern: "**/hidden", Permission: None, Priority: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &call{a: &Attachment{policy: policy}, n: &notification{}}
}

func always() bool { return true }

// openDir opens a directory until the end of the test.
func openDir(t *testing.T, path string) int {
	t.Helper()
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// nest makes so many directories within each other.
func nest(t *testing.T, dir, name string, levels int) {
	t.Helper()
	at := openDir(t, dir)
	for range levels {
		if err := unix.Mkdirat(at, name, 0o700); err != nil {
			t.Fatal(err)
		}
		next, err := unix.Openat(at, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(next) })
		at = next
	}
}

// crowd makes so many files in a directory.
func crowd(t *testing.T, dir string, files int) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range files {
		if err := os.WriteFile(dir+"/"+strconv.Itoa(i), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestMovable has directories near the bounds of what is looked at before a rename.
func TestMovable(t *testing.T) {
	long := strings.Repeat("n", 200)
	for name, test := range map[string]struct {
		name   string
		levels int
		at     string // where it is, and where it is to be
		want   bool
	}{
		"as deep as may be":   {"d", maxMoveDepth, "d", true},
		"deeper":              {"d", maxMoveDepth + 1, "d", false},
		"a long path":         {long, 20, long, true},
		"one of PATH_MAX":     {long, 21, long, false},
		"to deep in the tree": {"d", 20, strings.Repeat("d/", 2030) + "d", false},
		"something hidden":    {"hidden", 2, "hidden", false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			nest(t, dir, test.name, test.levels)
			c, root := mover(t, always), openDir(t, dir)
			from, to := spot{root, test.name, test.name}, spot{root, "to", test.at}
			if got := c.movable(from, to); got != test.want {
				t.Errorf("there: %v", got)
			}
			from.rel, to.rel = to.rel, from.rel
			if got := c.movable(from, to); got != test.want {
				t.Errorf("and back: %v", got)
			}
		})
	}
}

// TestMovableIsBounded has a directory with more in it than may be looked at: it is not
// read to its end.
func TestMovableIsBounded(t *testing.T) {
	dir := t.TempDir()
	crowd(t, dir+"/d", 2000)
	s := survey{c: mover(t, always), left: 100}
	fd := openDir(t, dir+"/d")
	same, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(same), self(same))
	defer f.Close()
	if s.read(f, "d", "e") {
		t.Error("it may be moved")
	}
	if n, err := unix.Getdents(fd, make([]byte, 4096)); n == 0 || err != nil {
		t.Errorf("nothing is left to be read: %v", err)
	}
}

// TestMovableEnds has a look through a directory go on when nobody needs it any more.
func TestMovableEnds(t *testing.T) {
	dir := t.TempDir()
	crowd(t, dir+"/d", 1000)
	root := openDir(t, dir)
	from, to := spot{root, "d", "d"}, spot{root, "e", "e"}
	asked := 0
	c := mover(t, func() bool { asked++; return asked < 3 })
	if c.movable(from, to) || asked != 3 {
		t.Errorf("it went on when the process was gone, and asked %d times", asked)
	}
	c = mover(t, always)
	if !c.movable(from, to) {
		t.Error("a directory cannot be moved")
	}
	c.a.closed.Store(true)
	if c.movable(from, to) {
		t.Error("it went on when the sandbox was closed")
	}
}

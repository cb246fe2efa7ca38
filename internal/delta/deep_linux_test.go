// SPDX-License-Identifier: MIT

package delta_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// nest makes nested directories, each with a name of so many bytes, and returns the
// deepest.
func nest(t *testing.T, dir string, name, depth int) int {
	t.Helper()
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	must(t, err)
	for range depth {
		n := strings.Repeat("d", name)
		must(t, unix.Mkdirat(fd, n, 0o755))
		next, err := unix.Openat(fd, n, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		unix.Close(fd)
		must(t, err)
		fd = next
	}
	return fd
}

// makeIn makes empty files, or directories, in a directory.
func makeIn(t *testing.T, dir, count int, mode uint32) {
	t.Helper()
	for i := range count {
		name := fmt.Sprintf("%04d", i)
		if mode == unix.S_IFDIR {
			must(t, unix.Mkdirat(dir, name, 0o755))
		} else {
			must(t, unix.Mknodat(dir, name, mode|0o644, 0))
		}
	}
}

// deepLayers are layers that must be removed name by name.
func deepLayers(t *testing.T) delta.Layers {
	t.Helper()
	dir := t.TempDir()
	l := delta.Layers{Upper: dir + "/upper", Lower: []string{dir + "/lower"}}
	must(t, os.Mkdir(l.Upper, 0o755))
	must(t, os.Mkdir(l.Lower[0], 0o755))
	t.Cleanup(func() { must(t, tree.Remove(l.Upper)) })
	return l
}

// allocated is what a function allocates, in bytes.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestPathsTooLong has many files in a directory that is nested deeper than a path can
// say.
func TestPathsTooLong(t *testing.T) {
	l := deepLayers(t)
	bottom := nest(t, l.Upper, 250, 60)
	defer unix.Close(bottom)
	makeIn(t, bottom, 1000, unix.S_IFREG)
	put(t, l.Upper+"/beside", "x")

	var changes []delta.Change
	var err error
	if n := allocated(func() { changes, err = delta.Changes(l) }); n > 8<<20 {
		t.Errorf("Changes allocated %d bytes", n)
	}
	const shown = 4096 / 251 // directories whose path is short enough
	if len(changes) != shown+1 || changes[0].Path != "/beside" {
		t.Errorf("%d changes", len(changes))
	}
	last := strings.Repeat("/"+strings.Repeat("d", 250), shown)
	wantTooLong(t, "Changes", err, last)
	if list, ok := err.(interface{ Unwrap() []error }); !ok || len(list.Unwrap()) != 1 {
		t.Error("not one error")
	}
	if _, err := delta.ChangesAt(l, last+"/"+strings.Repeat("d", 250)); !errors.Is(err, unix.ENAMETOOLONG) {
		t.Errorf("ChangesAt: %v", err)
	}

	dst := t.TempDir() + "/copy"
	wantTooLong(t, "Copy", delta.Copy(t.Context(), dst, l.Upper, tree.Caller), last)
	if _, err := os.Lstat(dst); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a copy that failed was left: %v", err)
	}
}

// wantTooLong wants an error that names a directory in which paths are too long.
func wantTooLong(t *testing.T, what string, err error, dir string) {
	t.Helper()
	var at *fs.PathError
	if !errors.Is(err, unix.ENAMETOOLONG) || !errors.As(err, &at) || at.Path != dir {
		t.Errorf("%s: %v", what, err)
	}
}

// TestPathsJustShortEnough has a path as long as can be, and one that is longer.
func TestPathsJustShortEnough(t *testing.T) {
	l := deepLayers(t)
	bottom := nest(t, l.Upper, 255, 15) // 3840 bytes
	defer unix.Close(bottom)
	must(t, unix.Mknodat(bottom, strings.Repeat("f", 255), unix.S_IFREG|0o644, 0))
	changes, err := delta.Changes(l)
	must(t, err)
	if got := changes[len(changes)-1].Path; len(changes) != 16 || len(got) != 4096 {
		t.Errorf("%d changes, the last with %d bytes", len(changes), len(got))
	}
	must(t, delta.Copy(t.Context(), l.Upper+"2", l.Upper, tree.Caller))
}

// TestSizeOfDeep counts many directories in one that is nested deeper than a path can
// say.
func TestSizeOfDeep(t *testing.T) {
	l := deepLayers(t)
	bottom := nest(t, l.Upper, 250, 200)
	defer unix.Close(bottom)
	makeIn(t, bottom, 300, unix.S_IFDIR)
	_, files, err := delta.Size(l.Upper)
	must(t, err)
	if files != 500 {
		t.Errorf("%d files", files)
	}
}

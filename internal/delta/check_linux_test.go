// SPDX-License-Identifier: MIT

package delta_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// changeOf returns the only change of an upper directory, and a cursor of that.
func changeOf(t *testing.T, upper, path string) (*tree.Cursor, *delta.Change) {
	t.Helper()
	lower := t.TempDir()
	write(t, lower+"/was/file", "content")
	changes, err := delta.ChangesAt(delta.Layers{Upper: upper, Lower: []string{lower}}, path)
	if err != nil || len(changes) != 1 {
		t.Fatal(changes, err)
	}
	c, err := tree.OpenCursor(upper)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, &changes[0]
}

// TestCheckChange has paths become something else after they were listed.
func TestCheckChange(t *testing.T) {
	type step func(name string) error
	file := func(content string) step {
		return func(name string) error { return os.WriteFile(name, []byte(content), 0o644) }
	}
	link := func(target string) step { return func(name string) error { return os.Symlink(target, name) } }
	mkdir := func(name string) error { return os.Mkdir(name, 0o755) }
	chmod := func(name string) error { return os.Chmod(name, 0o700) }
	whiteout := func(name string) error { return unix.Mknod(name, unix.S_IFCHR, 0) }
	for name, c := range map[string]struct {
		path      string
		at, later []step
		want      error
	}{
		"a file":                       {path: "/a/x", at: []step{file("1")}},
		"a file, removed":              {path: "/a/x", at: []step{file("1")}, later: []step{os.Remove}, want: delta.ErrStale},
		"a file, a link":               {path: "/a/x", at: []step{file("1")}, later: []step{os.Remove, link("2")}, want: delta.ErrStale},
		"a link":                       {path: "/a/x", at: []step{link("1")}},
		"a link, removed":              {path: "/a/x", at: []step{link("1")}, later: []step{os.Remove}, want: delta.ErrStale},
		"a link, another":              {path: "/a/x", at: []step{link("1")}, later: []step{os.Remove, link("2")}, want: delta.ErrStale},
		"a directory":                  {path: "/a/x", at: []step{mkdir}},
		"a directory, written to":      {path: "/a/x", at: []step{mkdir}, later: []step{func(name string) error { return mkdir(name + "/d") }}},
		"a directory, removed":         {path: "/a/x", at: []step{mkdir}, later: []step{os.Remove}, want: delta.ErrStale},
		"a directory, of another mode": {path: "/a/x", at: []step{mkdir}, later: []step{chmod}, want: delta.ErrStale},
		"a directory, a file":          {path: "/a/x", at: []step{mkdir}, later: []step{os.Remove, file("1")}, want: delta.ErrStale},
		"deleted":                      {path: "/was/file", at: []step{whiteout}},
		"deleted, and there again":     {path: "/was/file", at: []step{whiteout}, later: []step{os.Remove, file("content")}, want: delta.ErrStale},
		"deleted, with its directory":  {path: "/was/file", at: []step{whiteout}, later: []step{func(name string) error { return os.RemoveAll(filepath.Dir(name)) }}},
	} {
		t.Run(name, func(t *testing.T) {
			upper := t.TempDir()
			name := upper + c.path
			do := func(steps []step) {
				t.Helper()
				for _, s := range steps {
					if err := s(name); err != nil {
						t.Fatal(err)
					}
				}
			}
			for _, dir := range []string{upper + "/a", upper + "/was"} {
				if err := mkdir(dir); err != nil {
					t.Fatal(err)
				}
			}
			do(c.at)
			cursor, change := changeOf(t, upper, c.path)
			do(c.later)
			if err := delta.CheckChange(cursor, change); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// TestStanding looks for room for files.
func TestStanding(t *testing.T) {
	upper := t.TempDir()
	write(t, upper+"/d/file", "x")
	for _, err := range []error{
		os.Symlink("d", upper+"/link"), unix.Mknod(upper+"/gone", unix.S_IFCHR, 0), os.Mkdir(upper+"/d/sub", 0o755),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	c, err := tree.OpenCursor(upper)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for path, want := range map[string]struct {
		there bool
		err   error
	}{
		"/none": {}, "/none/x/y": {}, "/d/none": {}, "/gone/x/y": {},
		"/d/file": {there: true}, "/gone": {there: true}, "/link": {there: true},
		"/d": {true, unix.EISDIR}, "/d/sub": {true, unix.EISDIR},
		"/link/x": {true, unix.ELOOP}, "/link/x/y": {true, unix.ELOOP},
		"/d/file/x": {true, unix.ENOTDIR}, "/d/file/x/y": {true, unix.ENOTDIR},
	} {
		if there, err := delta.Standing(c, path); there != want.there || !errors.Is(err, want.err) {
			t.Errorf("%s: got %v, %v", path, there, err)
		}
	}
}

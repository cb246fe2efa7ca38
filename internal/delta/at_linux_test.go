// SPDX-License-Identifier: MIT

package delta_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// noTimes compares changes with those of a comparison that knows no times.
var noTimes = cmpopts.IgnoreFields(delta.Change{}, "Time", "ModTime", "Link")

func write(t *testing.T, name, content string) {
	t.Helper()
	for _, err := range []error{os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(content), 0o644)} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestChangesAt(t *testing.T) {
	upper, lower := t.TempDir(), t.TempDir()
	for _, dir := range []string{upper, lower} { // which t.TempDir makes alike
		write(t, dir+"/a/same", "x")
	}
	write(t, lower+"/a/b/old", "1")
	write(t, upper+"/a/b/old", "2")
	write(t, upper+"/a/b/new", "3")
	write(t, upper+"/ab", "4")
	if err := os.Symlink("new", upper+"/a/b/link"); err != nil {
		t.Fatal(err)
	}
	began := time.Now().Add(-time.Minute).UnixNano()
	l := delta.Layers{Upper: upper, Lower: []string{lower}}
	for path, want := range map[string][]string{
		"/":         {"/a/b/link", "/a/b/new", "/a/b/old", "/ab"},
		"/a":        {"/a/b/link", "/a/b/new", "/a/b/old"},
		"/a/b/old":  {"/a/b/old"},
		"/a/b/none": nil, "/none/b": nil, "/a/same": nil, "/ab/c": nil,
	} {
		changes, err := delta.ChangesAt(l, path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		var got []string
		for _, c := range changes {
			got = append(got, c.Path)
			if c.Time < began || c.ModTime < began || (c.Path == "/a/b/link") != (c.Link == "new") {
				t.Errorf("%s: %+v", path, c)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	for _, path := range []string{"", "a", "/a/../b", "/a/"} {
		if _, err := delta.ChangesAt(l, path); err == nil {
			t.Errorf("%q is a path", path)
		}
	}
}

// TestDeletedAt tells when a path was deleted: by its whiteout, or by that of a
// directory above it.
func TestDeletedAt(t *testing.T) {
	upper, lower := t.TempDir(), t.TempDir()
	write(t, lower+"/a/b/c", "1")
	write(t, lower+"/d", "1")
	l := delta.Layers{Upper: upper, Lower: []string{lower}, Open: filepath.Join(t.TempDir(), "open")}
	began := time.Now().Add(-time.Minute).UnixNano()
	base, err := delta.OpenBase(delta.Layers{Open: upper, Lower: l.Lower}, tree.Caller) // an upper layer is one like another
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/a", "/d"} {
		if err := base.Put(path, delta.PutSpec{Gone: true}); err != nil {
			t.Fatal(err)
		}
	}
	if err := base.Close(); err != nil {
		t.Fatal(err)
	}
	l.Open = ""
	changes, err := delta.Changes(l)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range changes {
		got = append(got, c.Path)
		if c.Kind != delta.Deleted || c.Time < began {
			t.Errorf("%+v", c)
		}
	}
	if want := []string{"/a", "/a/b", "/a/b/c", "/d"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestOpenContent(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a/file", "content")
	if err := os.Symlink("file", dir+"/a/link"); err != nil {
		t.Fatal(err)
	}
	c, err := tree.OpenCursor(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	f, err := delta.OpenContent(c, "/a/file")
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	for _, path := range []string{"/a", "/a/link", "/a/none"} {
		if f, err := delta.OpenContent(c, path); err == nil {
			f.Close()
			t.Errorf("%s was opened", path)
		}
	}
}

// TestOpenChange has a file become another one at each moment from when it was listed
// to when its end is read.
func TestOpenChange(t *testing.T) {
	for name, c := range map[string]struct {
		before, meanwhile func(name string) error
		want              error
	}{
		"as it was":    {},
		"removed":      {before: os.Remove, want: delta.ErrStale},
		"a directory":  {before: func(name string) error { return errors.Join(os.Remove(name), os.Mkdir(name, 0o755)) }, want: delta.ErrStale},
		"a link":       {before: func(name string) error { return errors.Join(os.Remove(name), os.Symlink("x", name)) }, want: delta.ErrStale},
		"longer":       {before: func(name string) error { return os.Truncate(name, 9) }, want: delta.ErrStale},
		"other rights": {before: func(name string) error { return os.Chmod(name, 0o755) }, want: delta.ErrStale},
		"above it":     {before: func(name string) error { return os.Rename(filepath.Dir(name), filepath.Dir(name)+"2") }, want: delta.ErrStale},
		"written to":   {meanwhile: func(name string) error { return os.Chtimes(name, time.Time{}, time.Unix(1, 0)) }, want: delta.ErrStale},
		"cut off":      {meanwhile: func(name string) error { return os.Truncate(name, 1) }, want: delta.ErrStale},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			name := dir + "/a/file"
			write(t, name, "content")
			changes, err := delta.ChangesAt(delta.Layers{Upper: dir, Lower: []string{t.TempDir()}}, "/a/file")
			if err != nil || len(changes) != 1 {
				t.Fatal(changes, err)
			}
			upper, err := tree.OpenCursor(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer upper.Close()
			if c.before != nil {
				if err := c.before(name); err != nil {
					t.Fatal(err)
				}
			}
			f, err := delta.OpenChange(upper, &changes[0])
			if err == nil {
				defer f.Close()
				if c.meanwhile != nil {
					if err := c.meanwhile(name); err != nil {
						t.Fatal(err)
					}
				}
				_, err = io.Copy(io.Discard, f)
			}
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

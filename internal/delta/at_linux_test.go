// SPDX-License-Identifier: MIT

package delta_test

import (
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

// SPDX-License-Identifier: MIT

package delta_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// TestStrip takes from an upper layer what the base, or the lower layer, says too.
func TestStrip(t *testing.T) {
	dir := t.TempDir()
	l := delta.Layers{Upper: filepath.Join(dir, "upper"), Open: filepath.Join(dir, "open"), Lower: []string{filepath.Join(dir, "lower")}}
	write := func(name, content string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("lower/same", "x")
	write("lower/deleted", "x")
	write("lower/d/changed", "x")
	write("lower/o/same", "x")
	write("lower/o/hidden", "x")
	write("lower/o/d/same", "x")
	write("lower/o/d/hidden", "x")
	write("open/uploaded", "x")
	write("open/d/uploaded", "x")
	write("upper/same", "x")
	write("upper/uploaded", "x")
	write("upper/d/uploaded", "x")
	write("upper/d/changed", "y")
	write("upper/d/added", "x")
	write("upper/o/same", "x")
	write("upper/o/added", "x")
	write("upper/o/d/same", "x")
	write("upper/new/added", "x")
	for _, name := range []string{"upper/o", "upper/new"} {
		if err := unix.Setxattr(filepath.Join(dir, name), "user.overlay.opaque", []byte("y"), 0); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"upper/deleted", "upper/of nothing"} {
		if err := unix.Mknod(filepath.Join(dir, name), unix.S_IFCHR, 0); err != nil {
			t.Fatal(err)
		}
	}
	before := changesOf(t, l)
	if err := delta.Strip(l, tree.Caller); err != nil {
		t.Fatal(err)
	}
	var left []string
	err := filepath.WalkDir(l.Upper, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			left = append(left, strings.TrimPrefix(path, l.Upper))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"/d/added", "/d/changed", "/deleted", "/new/added", "/o/added", "/o/d/hidden", "/o/hidden"}; !slices.Equal(left, want) {
		t.Errorf("left: %q, want %q", left, want)
	}
	// What it has of the base comes with the base, which is beneath it from now on.
	l.Lower, l.Open = append([]string{l.Open}, l.Lower...), ""
	if after := changesOf(t, l); !slices.Equal(after, before) {
		t.Errorf("the changes were %q and are %q", before, after)
	}
	// What comes there later is seen.
	write("open/o/later", "x")
	write("open/o/d/later", "x")
	write("open/new/later", "x")
	before = slices.DeleteFunc(before, func(c string) bool { return c == "added /new" }) // which is there now
	if after := changesOf(t, l); !slices.Equal(after, before) {
		t.Errorf("with what came later, the changes were %q and are %q", before, after)
	}
}

func changesOf(t *testing.T, l delta.Layers) []string {
	t.Helper()
	changes, err := delta.Changes(l)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, c := range changes {
		list = append(list, c.Kind.String()+" "+c.Path)
	}
	return list
}

// SPDX-License-Identifier: MIT

package delta_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

const originSuffix = ".origin"

// origin mounts what the sandbox is compared with, scans it, and unmounts it.
func (o *overlay) origin(t fataler) map[string]file {
	t.Helper()
	view := *o
	view.merged = o.merged + originSuffix
	_ = os.Mkdir(view.merged, 0o755)
	if o.layers().Open != "" {
		view.lower = append([]string{o.open}, o.lower...)
	}
	view.upper = ""
	defer view.mount(t)()
	return scan(t, view.merged)
}

// rebased is an overlay that gets bases.
type rebased struct {
	*overlay
	dir     string
	n       int
	closed  int // how many of the lower layers are closed bases
	unmount func()
}

func newRebased(t fataler, dir string) *rebased {
	r := &rebased{overlay: newOverlay(t, dir), dir: dir}
	r.renew()
	return r
}

func (r *rebased) name() string {
	r.n++
	return filepath.Join(r.dir, fmt.Sprintf("base%d", r.n))
}

func (r *rebased) renew() { r.open = r.name() }

func (r *rebased) put(t fataler, path string, s delta.PutSpec) {
	t.Helper()
	b, err := delta.OpenBase(delta.Layers{Open: r.open, Lower: r.lower}, tree.Caller)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := b.Put(path, s); err != nil {
		t.Fatal(err)
	}
}

// close makes the open base a lower layer, with nothing mounted.
func (r *rebased) close(t fataler, merge bool) {
	t.Helper()
	r.unmount()
	defer func() { r.unmount = r.mount(t) }()
	if _, err := os.Lstat(r.open); err != nil {
		return
	}
	if err := delta.Promote(r.layers(), tree.Caller); err != nil {
		t.Fatal(err)
	}
	r.lower = slices.Insert(r.lower, 0, r.open)
	r.closed++
	r.renew()
	if !merge || r.closed < 2 {
		return
	}
	into := r.name()
	if err := delta.Merge(r.lower[:r.closed], into); err != nil {
		t.Fatal(err)
	}
	for _, dir := range r.lower[:r.closed] {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	r.lower = slices.Replace(r.lower, 0, r.closed, into)
	r.closed = 1
}

// commit puts into the base what the sandbox has at a path.
func (r *rebased) commit(t fataler, path string) {
	t.Helper()
	name := r.merged + path
	info, err := os.Lstat(name)
	if err != nil {
		r.put(t, path, delta.PutSpec{Gone: true})
		return
	}
	s := delta.PutSpec{Mode: info.Mode(), ModTime: info.ModTime().UnixNano()}
	switch {
	case info.Mode().IsRegular():
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		s.File = f
	case info.Mode()&fs.ModeSymlink != 0:
		s.Link, _ = os.Readlink(name)
	case !info.IsDir():
		return
	}
	r.put(t, path, s)
}

// real reports whether no symbolic link is on the way to a path.
func real(dir, path string) bool {
	for d := filepath.Dir(path); d != "/"; d = filepath.Dir(d) {
		if info, err := os.Lstat(dir + d); err == nil && !info.IsDir() {
			return false
		}
	}
	return true
}

// place puts something into the base and, as the owner would, into the
// workspace.
func (r *rebased) place(t *rapid.T) {
	path := "/" + aPath.Draw(t, "placed")
	name := r.merged + path
	s := delta.PutSpec{ModTime: 1e18}
	shown := rapid.IntRange(0, 4).Draw(t, "shown") > 0 && real(r.merged, path)
	if shown {
		_ = os.RemoveAll(name)
	}
	switch rapid.IntRange(0, 4).Draw(t, "what") {
	case 0:
		s.Gone = true
	case 1:
		s.Mode = fs.ModeDir | 0o755
		if shown {
			_ = os.MkdirAll(name, 0o755)
		}
	case 2:
		s.Mode, s.Link = fs.ModeSymlink, "a/b"
		if shown {
			_ = os.MkdirAll(filepath.Dir(name), 0o755)
			_ = os.Symlink("a/b", name)
		}
	case 3:
		s.Size = 5
		if shown {
			put := os.MkdirAll(filepath.Dir(name), 0o755) == nil && os.WriteFile(name, make([]byte, 5), 0) == nil
			_ = put && os.Chmod(name, 0) == nil
		}
	default:
		content := text.Draw(t, "content")
		temp := filepath.Join(r.dir, "content")
		_ = os.WriteFile(temp, []byte(content), 0o644)
		f, err := os.Open(temp)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		defer os.Remove(temp)
		s.Mode, s.File, s.Share = 0o644, f, rapid.Bool().Draw(t, "share")
		if shown {
			_ = os.MkdirAll(filepath.Dir(name), 0o755)
			_ = os.WriteFile(name, []byte(content), 0o644)
		}
	}
	r.put(t, path, s)
}

func (r *rebased) check(t *rapid.T, when string) {
	if d := cmp.Diff(diff(r.origin(t), scan(t, r.merged)), changes(t, r.overlay), noTimes); d != "" {
		t.Fatalf("%s: -naive +Changes:\n%s", when, d)
	}
}

// TestBases lets a sandbox and its owner do random things, and looks whether
// anything changes by a restart.
func TestBases(t *testing.T) {
	base := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(base, "")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		r := newRebased(t, dir)
		for range rapid.IntRange(0, 12).Draw(t, "files") {
			act(t, r.code())
		}
		_ = unix.Mknod(filepath.Join(r.mask(), "c"), unix.S_IFCHR, 0)
		r.unmount = r.mount(t)
		defer func() { r.unmount() }()
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0, 1, 2:
				r.place(t)
			case 3, 4:
				r.commit(t, "/"+aPath.Draw(t, "committed"))
			case 5:
				before := scan(t, r.merged)
				merge := rapid.Bool().Draw(t, "merge")
				r.close(t, merge)
				if d := cmp.Diff(before, scan(t, r.merged), cmp.AllowUnexported(file{})); d != "" {
					t.Fatalf("-before +after a restart (merge: %v):\n%s", merge, d)
				}
			default:
				act(t, r.merged)
			}
			r.check(t, "after a step")
		}
	})
}

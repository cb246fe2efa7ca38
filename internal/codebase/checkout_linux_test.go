// SPDX-License-Identifier: MIT

package codebase_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sandbox-rls/sandbox/internal/codebase"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// seen is a file as a sandbox sees it.
type seen struct {
	Mode    fs.FileMode
	ModTime int64
	Content string
}

// see reads what overlay layers show together, top first.
func see(t testing.TB, layers []string) map[string]seen {
	t.Helper()
	all := map[string]seen{}
	var walk func(path string, dirs []string)
	walk = func(path string, dirs []string) {
		names := map[string]bool{}
		for _, dir := range dirs {
			entries, err := os.ReadDir(dir)
			must(t, err)
			for _, e := range entries {
				names[e.Name()] = true
			}
		}
		for name := range names {
			var found []string
			for _, dir := range dirs {
				info, err := os.Lstat(filepath.Join(dir, name))
				if os.IsNotExist(err) {
					continue
				}
				must(t, err)
				if info.Mode()&fs.ModeCharDevice != 0 || len(found) > 0 && !info.IsDir() {
					if len(dirs) == 1 {
						t.Fatalf("%s: a whiteout over nothing", path+"/"+name)
					}
					break
				}
				if len(found) == 0 {
					all[path+"/"+name] = look(t, filepath.Join(dir, name), info)
				}
				if found = append(found, filepath.Join(dir, name)); !info.IsDir() {
					break
				}
			}
			if len(found) > 0 && all[path+"/"+name].Mode.IsDir() {
				walk(path+"/"+name, found)
			}
		}
	}
	walk("", layers)
	return all
}

func look(t testing.TB, name string, info fs.FileInfo) seen {
	s := seen{Mode: info.Mode(), ModTime: info.ModTime().UnixNano()}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		link, err := os.Readlink(name)
		must(t, err)
		s.Content = link
	case info.Mode().IsRegular() && info.Mode()&0o400 != 0:
		b, err := os.ReadFile(name)
		must(t, err)
		s.Content = string(b)
	}
	return s
}

// held is what the database says.
func (w *world) held(id string) map[string]seen {
	w.Helper()
	files, err := w.store.Entries(w.Context(), id, "/", true)
	must(w, err)
	all := map[string]seen{}
	for _, f := range files {
		s := seen{Mode: f.Mode, ModTime: f.ModTime, Content: f.Link}
		if f.Mode.IsRegular() && f.Mode&0o400 != 0 {
			s.Content = w.read(id, f.Path)
		}
		all[f.Path] = s
	}
	return all
}

// check compares a checkout, its listing and the database.
func (w *world) check(c *codebase.Checkout) {
	w.Helper()
	if diff := cmp.Diff(w.held(c.Codebase), see(w, c.Layers)); diff != "" {
		w.Fatalf("-database +%s:\n%s", c.Name, diff)
	}
	var listed []string
	for _, e := range c.Tree.Entries {
		listed = append(listed, e.Path)
	}
	if diff := cmp.Diff(append([]string{"/"}, w.paths(c.Codebase)...), listed); diff != "" {
		w.Fatalf("-database +listing of %s:\n%s", c.Name, diff)
	}
}

func TestCheckoutIsShared(t *testing.T) {
	w := newWorld(t)
	w.create("cb")
	w.write("cb", "/a", "1")
	first, second := w.checkout("cb"), w.checkout("cb")
	w.check(first)
	if first.Name != second.Name || first.Tree != second.Tree || first.Name != "cb/2" {
		t.Error(first.Name, second.Name)
	}
}

func TestThinLayers(t *testing.T) {
	w := newWorld(t)
	w.create("cb")
	for i := range 20 {
		w.write("cb", fmt.Sprintf("/d/e%d/f", i), strings.Repeat("x", i))
	}
	whole := w.checkout("cb")
	w.check(whole)
	w.write("cb", "/d/e1/f", "changed")
	w.write("cb", "/new/f", "new")
	must(t, w.store.Remove(t.Context(), "cb", "/d/e2"))
	must(t, w.store.Remove(t.Context(), "cb", "/d/e3/f"))
	must(t, w.store.Remove(t.Context(), "cb", "/d/e4"))
	w.write("cb", "/d/e4", "a file now")
	must(t, w.store.Remove(t.Context(), "cb", "/d/e5"))
	w.write("cb", "/d/e5/g", "replaced")
	must(t, w.store.Remove(t.Context(), "cb", "/d/e6/f"))
	w.write("cb", "/d/e6/f/g", "a directory now")
	w.write("cb", "/gone/f", "not for long")
	must(t, w.store.Remove(t.Context(), "cb", "/gone/f"))
	thin := w.checkout("cb")
	if len(thin.Layers) != 2 || thin.Layers[1] != whole.Layers[0] {
		t.Fatal(thin.Layers)
	}
	w.check(thin)

	// A new process takes it again.
	want := thin.Tree
	w.reopen()
	must(t, w.store.Hold(thin.Name))
	must(t, w.store.Sweep(func(string) bool { return false }))
	again, err := w.store.Load(t.Context(), thin.Name)
	must(t, err)
	defer again.Release()
	w.check(again)
	if diff := cmp.Diff(want.Entries, again.Tree.Entries, cmpopts.IgnoreFields(tree.Entry{}, "Nlink")); diff != "" {
		t.Error("-made +loaded: ", diff)
	}
	w.store.Drop(thin.Name)
}

func TestManyChangesMakeANewWhole(t *testing.T) {
	w := newWorld(t)
	w.create("cb")
	w.write("cb", "/f", "")
	first := w.checkout("cb")
	for i := range 70 {
		w.write("cb", fmt.Sprintf("/g%d", i), "x")
	}
	second := w.checkout("cb")
	if len(second.Layers) != 1 {
		t.Fatal(second.Layers)
	}
	w.check(second)
	if _, err := os.Stat(first.Layers[0]); err != nil {
		t.Error("gone while it is held: ", err)
	}
	first.Release()
	must(t, w.store.Close())
	if _, err := os.Stat(first.Layers[0]); !os.IsNotExist(err) {
		t.Error("still there: ", err)
	}
}

func TestImportMakesTheCheckout(t *testing.T) {
	w := newWorld(t)
	w.create("cb")
	src := filepath.Join(w.base, "src")
	must(t, os.MkdirAll(src+"/d/closed", 0o755))
	must(t, os.WriteFile(src+"/d/f", []byte("content"), 0o750))
	must(t, os.WriteFile(src+"/d/closed/g", []byte("x"), 0o644))
	must(t, os.WriteFile(src+"/odd\xff\n", nil, 0o400))
	must(t, os.Symlink("/nowhere", src+"/link"))
	must(t, os.Chmod(src+"/d/closed", 0o555))
	t.Cleanup(func() { _ = os.Chmod(src+"/d/closed", 0o755) })
	then := time.Unix(1_600_000_000, 987654321)
	must(t, os.Chtimes(src+"/d", then, then))
	must(t, os.Chtimes(src+"/d/f", then, then))
	listing, err := tree.List(t.Context(), src)
	must(t, err)
	skipped, err := w.store.Import(t.Context(), "cb", listing)
	if err != nil || len(skipped) > 0 {
		t.Fatal(skipped, err)
	}
	if _, err := os.Stat(w.dir() + "/cb/checkouts/2/root/d/f"); err != nil {
		t.Error("no checkout: ", err)
	}
	c := w.checkout("cb")
	w.check(c)
	if diff := cmp.Diff(see(t, []string{src}), see(t, c.Layers)); diff != "" {
		t.Error("-source +checkout: ", diff)
	}
	info := w.info("cb")
	if info.FileCount != 3 || info.Size != 8 || info.Version != 2 {
		t.Errorf("%+v", info)
	}
}

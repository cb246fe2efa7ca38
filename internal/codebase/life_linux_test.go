// SPDX-License-Identifier: MIT

package codebase_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/codebase"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

func TestDelete(t *testing.T) {
	w := newWorld(t)
	w.create("cb")
	w.write("cb", "/f", "x")
	first := w.checkout("cb")
	w.write("cb", "/f", "y")
	second := w.checkout("cb")
	must(t, w.store.Delete(t.Context(), "cb"))
	if _, err := w.store.Get(t.Context(), "cb"); !errors.Is(err, codebase.ErrNotFound) {
		t.Error(err)
	}
	if page, _, err := w.store.List(t.Context(), "somebody", "", 0); len(page) > 0 || err != nil {
		t.Error(page, err)
	}
	if err := create(w, "cb"); !errors.Is(err, codebase.ErrExists) {
		t.Error("made anew while the old one is used: ", err)
	}
	for name, c := range map[string]*codebase.Checkout{"x": first, "y": second} {
		if got := see(t, c.Layers)["/f"].Content; got != name {
			t.Errorf("%s: %q", c.Name, got)
		}
	}
	if _, err := os.Stat(w.dir() + "/cb/objects"); !os.IsNotExist(err) {
		t.Error("objects are left: ", err)
	}

	// The next process has no codebase, but the checkout that is held.
	w.reopen()
	must(t, w.store.Hold(second.Name))
	must(t, w.store.Sweep(func(string) bool { return false }))
	c, err := w.store.Load(t.Context(), second.Name)
	must(t, err)
	if got := see(t, c.Layers)["/f"].Content; got != "y" {
		t.Errorf("%q", got)
	}
	c.Release()
	w.store.Drop(second.Name)
	must(t, w.store.Close())
	if left, err := os.ReadDir(w.dir()); err != nil || len(left) > 0 {
		t.Error("left over: ", left, err)
	}
	w.create("cb")
	w.write("cb", "/g", "z")
	w.whole("cb")
}

func TestDeleteWithoutCheckouts(t *testing.T) {
	var thrown []string
	w := newWorld(t, codebase.WithTrash(func(dir string) error {
		thrown = append(thrown, filepath.Base(dir))
		return os.RemoveAll(dir)
	}))
	w.create("cb")
	w.write("cb", "/f", "x")
	must(t, w.store.Delete(t.Context(), "cb"))
	if diff := cmp.Diff([]string{"objects", "tmp"}, thrown); diff != "" {
		t.Error(diff)
	}
	if left, err := os.ReadDir(w.dir()); err != nil || len(left) > 0 {
		t.Error("left over: ", left, err)
	}
	w.create("cb")
}

// TestProtection sees to it that others cannot look into a codebase, and that the
// sandboxes' user can.
func TestProtection(t *testing.T) {
	w := newWorld(t)
	w.create("cb")
	w.write("cb", "/f", "x")
	c := w.checkout("cb")
	dir := filepath.Dir(c.Layers[0])
	info, err := os.Stat(dir)
	must(t, err)
	objects, err := os.Stat(w.dir() + "/cb/objects")
	must(t, err)
	file, err := os.Stat(c.Layers[0] + "/f")
	must(t, err)
	want, gid, uid := fs.FileMode(0o700), os.Getegid(), os.Geteuid()
	if owner().Set() {
		want, gid, uid = 0o710, owner().GID, owner().UID
	}
	if got := info.Mode().Perm(); got != want || int(info.Sys().(*syscall.Stat_t).Gid) != gid {
		t.Errorf("%s: %v of %d", dir, got, info.Sys().(*syscall.Stat_t).Gid)
	}
	if objects.Mode().Perm() != 0o700 {
		t.Error("objects: ", objects.Mode())
	}
	st := file.Sys().(*syscall.Stat_t)
	if int(st.Uid) != uid || st.Nlink != 2 {
		t.Errorf("the file is of %d and has %d links", st.Uid, st.Nlink)
	}
}

func TestImportSkips(t *testing.T) {
	w := newWorld(t)
	w.create("cb")
	w.write("cb", "/d/there", "before")
	src := filepath.Join(w.base, "src")
	must(t, os.MkdirAll(src+"/d", 0o755))
	must(t, os.WriteFile(src+"/d/f", []byte("x"), 0o4755))
	must(t, os.WriteFile(src+"/vanished", []byte("x"), 0o644))
	must(t, unix.Mkfifo(src+"/fifo", 0o644))
	must(t, unix.Mknod(src+"/sock", unix.S_IFSOCK|0o644, 0))
	want := []string{"/fifo", "/sock", "/vanished"}
	if os.Geteuid() != 0 {
		must(t, os.WriteFile(src+"/closed", []byte("x"), 0))
		want = append([]string{"/closed"}, want...)
	}
	listing, err := tree.List(t.Context(), src)
	must(t, err)
	must(t, os.Remove(src+"/vanished"))
	skipped, err := w.store.Import(t.Context(), "cb", listing)
	must(t, err)
	w.reopen()
	stored := w.info("cb").Skipped
	var got, again []string
	for i := range skipped {
		got, again = append(got, skipped[i].Path), append(again, stored[i].Path)
		if skipped[i].Err.Error() != stored[i].Err.Error() {
			t.Errorf("%v, stored as %v", skipped[i].Err, stored[i].Err)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, again); diff != "" {
		t.Error("stored: ", diff)
	}
	if !errors.Is(stored[len(stored)-1].Err, fs.ErrNotExist) || !errors.Is(stored[len(stored)-2].Err, codebase.ErrSpecial) {
		t.Error(stored)
	}
	if diff := cmp.Diff([]string{"/d", "/d/f", "/d/there"}, w.paths("cb")); diff != "" {
		t.Error(diff)
	}
	w.whole("cb")
}

func TestConcurrent(t *testing.T) {
	w := newWorld(t)
	w.create("cb")
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 40 {
				path := fmt.Sprintf("/d%d/f%d", i%3, worker)
				if _, err := w.store.Write(t.Context(), "cb", path, strings.NewReader(path), codebase.WriteOptions{Size: -1}); err != nil {
					t.Error(err)
				}
				c, err := w.store.Checkout(t.Context(), "cb")
				if err != nil {
					t.Error(err)
					continue
				}
				for path, s := range see(t, c.Layers) {
					if s.Mode.IsRegular() && s.Content != path {
						t.Errorf("%s: %q", path, s.Content)
					}
				}
				c.Release()
				f, _, err := w.store.Open(t.Context(), "cb", path)
				if err != nil {
					t.Error(err)
					continue
				}
				if b, err := io.ReadAll(f); string(b) != path || err != nil {
					t.Errorf("%q, %v", b, err)
				}
				f.Close()
				if err := w.store.ExportTar(t.Context(), "cb", io.Discard); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	w.sound("cb")
}

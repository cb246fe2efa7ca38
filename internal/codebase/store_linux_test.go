// SPDX-License-Identifier: MIT

package codebase_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-rls/sandbox/internal/codebase"
)

func TestWriteAndRead(t *testing.T) {
	w := newWorld(t)
	w.create("cb")
	first := w.write("cb", "a/b/file", "one")
	if first.Path != "/a/b/file" || first.Version != 2 || !first.Upload || first.Mode != 0o644 {
		t.Errorf("%+v", first)
	}
	w.write("cb", "/a/c", "")
	if got := w.read("cb", "/a/b/file"); got != "one" {
		t.Errorf("%q", got)
	}
	open, _, err := w.store.Open(t.Context(), "cb", "a/b/file")
	must(t, err)
	defer open.Close()
	w.write("cb", "/a/b/file", "another")
	if got := w.read("cb", "/a/b/file"); got != "another" {
		t.Errorf("%q", got)
	}
	buf := make([]byte, 10)
	if n, _ := open.Read(buf); string(buf[:n]) != "one" {
		t.Errorf("an open file changed: %q", buf[:n])
	}
	if diff := cmp.Diff([]string{"/a", "/a/b", "/a/b/file", "/a/c"}, w.paths("cb")); diff != "" {
		t.Error(diff)
	}
	info := w.info("cb")
	if info.FileCount != 2 || info.Size != 7 || info.Version != 4 || info.Name != "name of cb" || info.OwnerID != "somebody" {
		t.Errorf("%+v", info)
	}
	must(t, w.store.Remove(t.Context(), "cb", "/a/b"))
	w.reopen()
	if diff := cmp.Diff([]string{"/a", "/a/c"}, w.paths("cb")); diff != "" {
		t.Error(diff)
	}
	w.write("cb", "/a/d", "x")
	if diff := cmp.Diff([]string{"1", "3"}, w.objects("cb")); diff != "" {
		t.Error("objects: ", diff)
	}
}

// TestDirectoriesOfObjects writes so often that objects are in several directories,
// of which those that hold none have to go: now, and when the store is opened.
func TestDirectoriesOfObjects(t *testing.T) {
	w := newWorld(t)
	w.create("cb")
	w.write("cb", "kept", "in the first directory")
	for i := range 2100 {
		w.write("cb", "file", fmt.Sprint(i))
	}
	dirs := func() []string {
		entries, err := os.ReadDir(filepath.Join(w.dir(), "cb", "objects"))
		must(t, err)
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	if diff := cmp.Diff([]string{"0", "2"}, dirs()); diff != "" {
		t.Error(diff)
	}
	must(t, w.store.Remove(t.Context(), "cb", "kept"))
	w.reopen()
	w.write("cb", "file", "last")
	if diff := cmp.Diff([]string{"2"}, dirs()); diff != "" {
		t.Error("after the store was opened again:", diff)
	}
}

func TestErrors(t *testing.T) {
	w := newWorld(t)
	w.create("cb")
	w.write("cb", "/dir/file", "x")
	ctx := t.Context()
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	write := func(ctx context.Context, id, path string, size int64) error {
		_, err := w.store.Write(ctx, id, path, strings.NewReader("12345"), codebase.WriteOptions{Size: size})
		return err
	}
	tests := map[string]struct {
		err  error
		want []error
	}{
		"no codebase":          {write(ctx, "none", "/f", -1), []error{codebase.ErrNotFound, fs.ErrNotExist}},
		"a file's parent":      {write(ctx, "cb", "/dir/file/f", -1), []error{codebase.ErrNotDirectory}},
		"a directory's place":  {write(ctx, "cb", "/dir", -1), []error{codebase.ErrIsDirectory}},
		"the root":             {write(ctx, "cb", "/", -1), []error{codebase.ErrIsDirectory}},
		"too short":            {write(ctx, "cb", "/f", 6), []error{codebase.ErrSize}},
		"too long":             {write(ctx, "cb", "/f", 4), []error{codebase.ErrSize}},
		"up and out":           {write(ctx, "cb", "/a/../../f", -1), []error{codebase.ErrInvalidPath, fs.ErrInvalid}},
		"canceled":             {write(canceled, "cb", "/f", -1), []error{context.Canceled}},
		"remove nothing":       {w.store.Remove(ctx, "cb", "/none"), []error{fs.ErrNotExist}},
		"remove the root":      {w.store.Remove(ctx, "cb", "/"), []error{codebase.ErrInvalidPath}},
		"create again":         {create(w, "cb"), []error{codebase.ErrExists, fs.ErrExist}},
		"create with a slash":  {create(w, "a/b"), []error{codebase.ErrInvalidID, fs.ErrInvalid}},
		"create a hidden one":  {create(w, ".a"), []error{codebase.ErrInvalidID}},
		"delete nothing":       {w.store.Delete(ctx, "none"), []error{codebase.ErrNotFound}},
		"stat nothing":         {second(w.store.Stat(ctx, "cb", "/none")), []error{fs.ErrNotExist}},
		"list a file":          {second(w.store.Entries(ctx, "cb", "/dir/file", false)), []error{codebase.ErrNotDirectory}},
		"load nothing":         {second(w.store.Load(ctx, "cb/7")), []error{fs.ErrNotExist}},
		"load something worse": {second(w.store.Load(ctx, "../cb/7")), []error{fs.ErrNotExist}},
	}
	for name, test := range tests {
		for _, want := range test.want {
			if !errors.Is(test.err, want) {
				t.Errorf("%s: %v, want %v", name, test.err, want)
			}
		}
	}
	if errors.Is(tests["stat nothing"].err, codebase.ErrNotFound) {
		t.Error("a missing file is no missing codebase")
	}
	if _, _, err := w.store.Open(ctx, "cb", "/dir"); !errors.Is(err, codebase.ErrNotRegular) {
		t.Error(err)
	}
	if v := w.info("cb").Version; v != 2 {
		t.Errorf("version %d after nothing but failures", v)
	}
	if left, err := os.ReadDir(w.dir() + "/cb/tmp"); err != nil || len(left) > 0 {
		t.Error("left over: ", left, err)
	}
}

func create(w *world, id string) error {
	return second(w.store.Create(w.Context(), codebase.Info{ID: id}))
}

func second[T any](_ T, err error) error { return err }

func TestListPages(t *testing.T) {
	w := newWorld(t)
	want := map[string][]string{}
	check := func() {
		t.Helper()
		for _, owner := range []string{"", "ann", "annabel"} { // "" is all
			if diff := cmp.Diff(want[owner], listed(t, w, owner)); diff != "" {
				t.Errorf("of %q: %s", owner, diff)
			}
		}
	}
	check() // there is none
	for i := range 10 {
		id, owner := fmt.Sprintf("cb%d", i), []string{"ann", "annabel"}[i%2]
		_, err := w.store.Create(t.Context(), codebase.Info{ID: id, OwnerID: owner})
		must(t, err)
		want[owner], want[""] = append(want[owner], id), append(want[""], id)
	}
	check()
}

// listed are the ids of all pages.
func listed(t *testing.T, w *world, owner string) (got []string) {
	t.Helper()
	for after := ""; ; {
		page, next, err := w.store.List(t.Context(), owner, after, 2)
		must(t, err)
		for _, info := range page {
			got = append(got, info.ID)
		}
		if after = next; next == "" {
			return got
		}
	}
}

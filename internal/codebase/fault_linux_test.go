// SPDX-License-Identifier: MIT

package codebase_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/codebase"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// sound checks what always holds: that each file can be read and has its digest,
// that the numbers are right, and that a checkout shows it all. After another
// process and its first write nothing is left over.
func (w *world) sound(id string) {
	w.Helper()
	w.whole(id)
	w.reopen()
	must(w, w.store.Sweep(func(string) bool { return false }))
	w.write(id, "/last", "x")
	w.whole(id)
	w.tidy(id)
}

func (w *world) whole(id string) {
	w.Helper()
	info := w.info(id)
	files, err := w.store.Entries(w.Context(), id, "/", true)
	must(w, err)
	count, size := 0, int64(0)
	for _, f := range files {
		if f.Mode.IsRegular() {
			w.read(id, f.Path)
			count++
			size += f.Size
		}
		if f.Version > info.Version {
			w.Fatalf("%s is of version %d of %d", f.Path, f.Version, info.Version)
		}
	}
	if info.FileCount != count || info.Size != size {
		w.Fatalf("%d files of %d bytes, counted as %d and %d", count, size, info.FileCount, info.Size)
	}
	c, err := w.store.Checkout(w.Context(), id)
	must(w, err)
	defer c.Release()
	w.check(c)
}

// tidy checks that nothing is on disk that nobody needs.
func (w *world) tidy(id string) {
	w.Helper()
	must(w, w.store.Close())
	if n, files := len(w.objects(id)), w.info(id).FileCount; n != files {
		w.Fatalf("%d objects for %d files", n, files)
	}
	for dir, most := range map[string]int{"tmp": 0, "checkouts": 2} {
		left, err := os.ReadDir(filepath.Join(w.dir(), id, dir))
		must(w, err)
		if len(left) > most {
			w.Fatalf("in %s: %v", dir, left)
		}
	}
	here, err := os.ReadDir(w.dir())
	must(w, err)
	for _, e := range here {
		if strings.HasPrefix(e.Name(), ".") {
			w.Fatal("left over: ", e.Name())
		}
	}
}

// operations are all that writes. Each begins with what prepare made.
func operations(src *tree.Tree) map[string]func(ctx context.Context, s *codebase.Store) error {
	many := func() codebase.Batch {
		var b codebase.Batch
		for i := range 300 {
			b.Items = append(b.Items, put(fmt.Sprintf("/many/%d", i), "x", 1, 0))
		}
		return b
	}
	return map[string]func(ctx context.Context, s *codebase.Store) error{
		"write": func(ctx context.Context, s *codebase.Store) error {
			return second(s.Write(ctx, "cb", "/d/f", bytes.NewReader(append(bytes.Repeat([]byte("x"), 300<<10), make([]byte, 300<<10)...)), codebase.WriteOptions{Size: -1}))
		},
		"remove": func(ctx context.Context, s *codebase.Store) error { return s.Remove(ctx, "cb", "/d") },
		"import": func(ctx context.Context, s *codebase.Store) error { return second(s.Import(ctx, "cb", src)) },
		"first import": func(ctx context.Context, s *codebase.Store) error {
			if _, err := s.Create(ctx, codebase.Info{ID: "fresh"}); err != nil && !errors.Is(err, codebase.ErrExists) {
				return err
			}
			return second(s.Import(ctx, "fresh", src))
		},
		"apply": func(ctx context.Context, s *codebase.Store) error {
			return second(s.Apply(ctx, "cb", codebase.Batch{Items: []codebase.Item{
				put("/d/f", "new", 1<<60, 0), remove("/d/g", 1<<60, 0), symlink("/l", "x", 1, 0), put("/x/y", "z", 1, 0),
			}}))
		},
		"apply many": func(ctx context.Context, s *codebase.Store) error { return second(s.Apply(ctx, "cb", many())) },
		"checkout": func(ctx context.Context, s *codebase.Store) error {
			c, err := s.Checkout(ctx, "cb")
			if err == nil {
				c.Release()
			}
			return err
		},
		"delete": func(ctx context.Context, s *codebase.Store) error { return s.Delete(ctx, "other") },
	}
}

func TestFaults(t *testing.T) {
	src := filepath.Join(t.TempDir(), "src")
	must(t, os.MkdirAll(src+"/d/e", 0o755))
	must(t, os.Symlink("f", src+"/d/l"))
	for _, name := range []string{"/d/f", "/d/e/g", "/h"} {
		must(t, os.WriteFile(src+name, []byte(name), 0o644))
	}
	listing, err := tree.List(t.Context(), src)
	must(t, err)
	for name, do := range operations(listing) {
		for _, errno := range []error{unix.ENOSPC, unix.EIO} {
			t.Run(fmt.Sprint(name, " ", errno), func(t *testing.T) {
				for n := int64(1); faultAt(t, n, errno, do); n++ {
					if n > 40 { // the rest is much the same
						n += 36
					}
				}
			})
		}
	}
}

// faultAt lets the call n fail, and with EIO all after it. It reports whether
// there was such a call.
func faultAt(t *testing.T, n int64, errno error, do func(ctx context.Context, s *codebase.Store) error) bool {
	w := newWorld(t, codebase.WithSync())
	w.create("cb")
	w.create("other")
	w.write("other", "/f", "x")
	w.write("cb", "/d/f", "one")
	w.write("cb", "/d/g", "two")
	must(t, w.store.Close())
	w.checkout("cb").Release()
	w.write("cb", "/d/h", "three")
	before := w.held("cb")

	var calls atomic.Int64
	var failed atomic.Value
	w.store.SetFault(func(op string) error {
		if at := calls.Add(1); at < n || at > n && errno == unix.ENOSPC {
			return nil
		}
		failed.CompareAndSwap(nil, op)
		return errno
	})
	err := do(t.Context(), w.store)
	w.store.SetFault(nil)
	hit := failed.Load() != nil
	switch {
	case err != nil && !errors.Is(err, errno):
		t.Fatal(err)
	case err != nil:
		if diff := cmp.Diff(before, w.held("cb")); diff != "" {
			t.Fatalf("%v failed at %v, and yet:\n%s", n, failed.Load(), diff)
		}
		// It works once the fault is over.
		if err := do(t.Context(), w.store); err != nil {
			t.Fatal(err)
		}
	case hit && !slices.Contains([]string{"unlink", "rename", "mkdir"}, failed.Load().(string)):
		t.Fatalf("no error although %v failed", failed.Load())
	}
	for _, id := range []string{"cb", "fresh", "other"} {
		if _, err := w.store.Get(t.Context(), id); err == nil {
			w.sound(id)
		}
	}
	return hit
}

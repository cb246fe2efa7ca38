// SPDX-License-Identifier: MIT

package codebase_test

import (
	"bytes"
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/sandbox-rls/sandbox/internal/codebase"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// owner is another than root where the test may choose.
func owner() tree.Owner {
	if os.Geteuid() == 0 {
		return tree.Owner{UID: 1879049192, GID: 1879049192}
	}
	return tree.Caller
}

// world is a store that can be closed and opened again.
type world struct {
	testing.TB
	base  string
	db    *bolt.DB
	store *codebase.Store
}

func newWorld(t testing.TB, opts ...codebase.Option) *world {
	t.Helper()
	w := &world{TB: t, base: memory(t)}
	w.open(opts...)
	t.Cleanup(func() {
		w.close()
		must(t, tree.Remove(w.base))
	})
	return w
}

// memory is a new directory on a file system in memory, where there is one: a
// sync costs nothing there.
func memory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "codebase-test-")
	if err != nil {
		dir, err = os.MkdirTemp("", "codebase-test-")
	}
	must(t, err)
	return dir
}

func (w *world) dir() string { return filepath.Join(w.base, "store") }

func (w *world) open(opts ...codebase.Option) {
	w.Helper()
	db, err := bolt.Open(filepath.Join(w.base, "db"), 0o600, &bolt.Options{NoSync: true, Timeout: time.Minute})
	must(w, err)
	w.db = db
	w.store, err = codebase.Open(db, w.dir(), owner(), append([]codebase.Option{codebase.WithoutSync()}, opts...)...)
	must(w, err)
}

func (w *world) close() {
	w.Helper()
	must(w, w.store.Close())
	must(w, w.db.Close())
}

// reopen is a new process.
func (w *world) reopen() {
	w.Helper()
	w.close()
	w.open()
}

func (w *world) create(id string) {
	w.Helper()
	_, err := w.store.Create(w.Context(), codebase.Info{ID: id, Name: "name of " + id, OwnerID: "somebody"})
	must(w, err)
}

func (w *world) write(id, path, content string) codebase.File {
	w.Helper()
	f, err := w.store.Write(w.Context(), id, path, strings.NewReader(content), codebase.WriteOptions{Size: int64(len(content))})
	must(w, err)
	return f
}

func (w *world) read(id, path string) string {
	w.Helper()
	f, info, err := w.store.Open(w.Context(), id, path)
	must(w, err)
	defer f.Close()
	b, err := io.ReadAll(f)
	must(w, err)
	if sha256.Sum256(b) != info.SHA256 || int64(len(b)) != info.Size {
		w.Fatalf("%s: digest or size of %q is wrong", path, b)
	}
	return string(b)
}

func (w *world) paths(id string) []string {
	w.Helper()
	files, err := w.store.Entries(w.Context(), id, "/", true)
	must(w, err)
	return pathsOf(files)
}

func pathsOf(files []codebase.File) []string {
	var all []string
	for _, f := range files {
		all = append(all, f.Path)
	}
	return all
}

func (w *world) checkout(id string) *codebase.Checkout {
	w.Helper()
	c, err := w.store.Checkout(w.Context(), id)
	must(w, err)
	w.Cleanup(c.Release)
	return c
}

func (w *world) info(id string) codebase.Info {
	w.Helper()
	info, err := w.store.Get(w.Context(), id)
	must(w, err)
	return info
}

func text(s string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader([]byte(s))), nil }
}

// objects lists the numbers of those on disk.
func (w *world) objects(id string) []string {
	w.Helper()
	var all []string
	dirs, err := os.ReadDir(filepath.Join(w.dir(), id, "objects"))
	must(w, err)
	for _, d := range dirs {
		files, err := os.ReadDir(filepath.Join(w.dir(), id, "objects", d.Name()))
		must(w, err)
		for _, f := range files {
			k, _ := strconv.Atoi(d.Name())
			n, _ := strconv.Atoi(f.Name())
			all = append(all, strconv.Itoa(k*1000+n))
		}
	}
	return all
}

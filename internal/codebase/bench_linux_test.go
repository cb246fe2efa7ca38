// SPDX-License-Identifier: MIT

package codebase_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/sandbox-rls/sandbox/internal/codebase"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// tenThousand makes a directory with 10,000 files of 4 KB.
func tenThousand(t testing.TB, dir string) string {
	src := filepath.Join(dir, "src")
	for i := range 10_000 {
		dir := fmt.Sprintf("%s/d%d/e%d", src, i/1000, i/20%50)
		if i%20 == 0 {
			must(t, os.MkdirAll(dir, 0o755))
		}
		must(t, os.WriteFile(fmt.Sprintf("%s/f%d", dir, i%20), []byte(strings.Repeat(fmt.Sprintf("%08d", i), 512)), 0o644))
	}
	return src
}

// places are a file system in memory and that of the temporary files.
func places(b *testing.B, f func(b *testing.B, dir string)) {
	for name, base := range map[string]string{"shm": "/dev/shm", "disk": os.TempDir()} {
		b.Run(name, func(b *testing.B) {
			dir, err := os.MkdirTemp(base, "codebase-bench-")
			must(b, err)
			defer func() { must(b, tree.Remove(dir)) }()
			f(b, dir)
		})
	}
}

func open(t testing.TB, dir string, opts ...codebase.Option) (*codebase.Store, func()) {
	must(t, os.MkdirAll(dir, 0o755))
	db, err := bolt.Open(filepath.Join(dir, "db"), 0o600, nil)
	must(t, err)
	s, err := codebase.Open(db, filepath.Join(dir, "store"), owner(), opts...)
	must(t, err)
	_, err = s.Create(t.Context(), codebase.Info{ID: "cb"})
	must(t, err)
	return s, func() {
		must(t, s.Close())
		must(t, db.Close())
		must(t, tree.Remove(dir))
	}
}

// BenchmarkImport compares the import of 10,000 files with cp -a, in turns: both
// until it is on the disk, and both without.
func BenchmarkImport(b *testing.B) {
	b.Run("synced", func(b *testing.B) { benchmarkImport(b, "sync") })
	b.Run("unsynced", func(b *testing.B) { benchmarkImport(b, "true", codebase.WithoutSync()) })
}

func benchmarkImport(b *testing.B, sync string, opts ...codebase.Option) {
	places(b, func(b *testing.B, dir string) {
		src := tenThousand(b, dir)
		must(b, exec.Command("sync", "-f", dir).Run())
		var ours, theirs time.Duration
		for b.Loop() {
			began := time.Now()
			must(b, exec.Command("cp", "-a", src, dir+"/copy").Run())
			must(b, exec.Command(sync, "-f", dir).Run())
			theirs += time.Since(began)
			must(b, tree.Remove(dir+"/copy"))
			must(b, exec.Command("sync", "-f", dir).Run())

			s, done := open(b, dir+"/ours", opts...)
			began = time.Now()
			listing, err := tree.List(b.Context(), src)
			must(b, err)
			_, err = s.Import(b.Context(), "cb", listing)
			must(b, err)
			ours += time.Since(began)
			done()
			must(b, exec.Command("sync", "-f", dir).Run())
		}
		b.ReportMetric(float64(ours.Milliseconds())/float64(b.N), "ms/import")
		b.ReportMetric(float64(theirs.Milliseconds())/float64(b.N), "ms/cp")
		b.ReportMetric(float64(ours)/float64(theirs), "ratio")
	})
}

// BenchmarkList lists a page of 10,000 codebases.
func BenchmarkList(b *testing.B) {
	w := newWorld(b)
	for i := range 10_000 {
		_, err := w.store.Create(b.Context(), codebase.Info{ID: fmt.Sprintf("cb%05d", i), OwnerID: "ann"})
		must(b, err)
	}
	for b.Loop() {
		page, next, err := w.store.List(b.Context(), "ann", "", 0)
		if err != nil || len(page) != 10_000 || next != "" {
			b.Fatal(len(page), next, err)
		}
	}
}

// filled is a store with one codebase of 10,000 files.
func filled(b *testing.B, dir string, opts ...codebase.Option) (*codebase.Store, func()) {
	s, done := open(b, dir+"/ours", opts...)
	listing, err := tree.List(b.Context(), tenThousand(b, dir))
	must(b, err)
	_, err = s.Import(b.Context(), "cb", listing)
	must(b, err)
	return s, done
}

func BenchmarkWriteOne(b *testing.B) {
	places(b, func(b *testing.B, dir string) {
		s, done := filled(b, dir)
		defer done()
		for i := 0; b.Loop(); i++ {
			_, err := s.Write(b.Context(), "cb", fmt.Sprintf("/d1/e1/new%d", i%100), strings.NewReader("content"), codebase.WriteOptions{Size: -1})
			must(b, err)
		}
	})
}

func BenchmarkCheckout(b *testing.B) {
	places(b, func(b *testing.B, dir string) {
		s, done := filled(b, dir)
		defer done()
		b.Run("unchanged", func(b *testing.B) {
			for b.Loop() {
				c, err := s.Checkout(b.Context(), "cb")
				must(b, err)
				c.Release()
			}
		})
		b.Run("one-changed", func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				b.StopTimer()
				_, err := s.Write(b.Context(), "cb", "/d1/e1/f1", strings.NewReader(fmt.Sprint(i)), codebase.WriteOptions{Size: -1})
				must(b, err)
				b.StartTimer()
				c, err := s.Checkout(b.Context(), "cb")
				must(b, err)
				c.Release()
			}
		})
	})
}

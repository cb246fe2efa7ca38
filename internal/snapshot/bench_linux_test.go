// SPDX-License-Identifier: MIT

package snapshot_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/snapshot"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// tenThousand fills the source with files of 4 KB.
func (w *world) tenThousand() {
	content := strings.Repeat("x", 4096)
	for i := range 10_000 {
		dir := fmt.Sprintf("%s/d%d/e%d", w.source, i/1000, i/20%50)
		if i%20 == 0 {
			must(w, os.MkdirAll(dir, 0o755))
		}
		must(w, os.WriteFile(fmt.Sprintf("%s/f%d", dir, i%20), []byte(content), 0o644))
	}
	w.settle()
}

func (w *world) secrets() *fsguard.Policy {
	return w.policy(rule("**", fsguard.Read, 0), rule("**/.env*", fsguard.None, 1), rule("**/*.key", fsguard.None, 1),
		rule("**/secrets/**", fsguard.None, 1), rule("/.git/**", fsguard.None, 1), rule("/out/**", fsguard.Write, 1))
}

func BenchmarkTakeUnchanged(b *testing.B) {
	w := newWorld(b)
	w.tenThousand()
	policy := w.secrets()
	w.take(policy)
	listing := w.list()
	for b.Loop() {
		s, err := w.store.Take(b.Context(), listing, policy)
		must(b, err)
		w.store.Release(s)
	}
}

// BenchmarkTakeOneChanged takes a snapshot in which one file of 10,000 differs.
func BenchmarkTakeOneChanged(b *testing.B) {
	w := newWorld(b)
	w.tenThousand()
	policy := w.secrets()
	w.store.Release(w.take(policy))
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		put(b, w.source+"/d1/e1/f1", fmt.Sprint(i))
		listing := w.list()
		b.StartTimer()
		s, err := w.store.Take(b.Context(), listing, policy)
		must(b, err)
		b.StopTimer()
		w.store.Release(s)
		must(b, w.store.Close())
		b.StartTimer()
	}
}

func BenchmarkTakeFirst(b *testing.B) {
	w := newWorld(b)
	w.tenThousand()
	b.Run("take", func(b *testing.B) {
		for b.Loop() {
			dir := filepath.Join(w.dir, "bench")
			store, err := snapshot.Open(dir, owner())
			must(b, err)
			_, err = store.Take(b.Context(), w.list(), w.secrets())
			must(b, err)
			b.StopTimer()
			must(b, tree.Remove(dir))
			b.StartTimer()
		}
	})
	b.Run("cp", func(b *testing.B) {
		for b.Loop() {
			dir := filepath.Join(w.dir, "bench")
			must(b, exec.Command("cp", "-a", w.source, dir).Run())
			b.StopTimer()
			must(b, tree.Remove(dir))
			b.StartTimer()
		}
	})
}

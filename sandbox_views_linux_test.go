// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox"
)

// TestViewsAndUploads looks at a codebase, again and again, while its sandboxes are used
// by turns and uploads are put into them: nobody waits for ever.
func TestViewsAndUploads(t *testing.T) {
	t.Parallel()
	m, _ := manager(t)
	cb, err := m.ImportCodebase(t.Context(), project(t, sample))
	check(t, err)
	looked, stop := context.WithCancel(t.Context())
	var lookers, others sync.WaitGroup
	meanwhile := func(do func(n int) error) {
		others.Go(func() {
			for n := 0; looked.Err() == nil; n++ {
				if err := do(n); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 2 {
		sb, err := m.FromCodebase(t.Context(), cb.ID, everything)
		check(t, err)
		must(t, sb, "for i in $(seq 500); do echo > n$i; done")
		meanwhile(func(int) error { _, err := sb.ReadFile(t.Context(), "n1"); return err })
	}
	for i := range 3 {
		meanwhile(func(n int) error {
			_, err := m.UploadFile(t.Context(), cb.ID, fmt.Sprint("up", i), strings.NewReader(fmt.Sprint(n)), sandbox.UploadOptions{})
			return err
		})
		lookers.Go(func() {
			for range 50 {
				if _, err := m.ListFiles(t.Context(), cb.ID, "", true); err != nil {
					t.Error(err)
				}
			}
		})
	}
	stuck := time.AfterFunc(patience, func() {
		debug.SetTraceback("all") // who waits for whom; and nothing could be closed
		panic("views and uploads wait for each other")
	})
	defer stuck.Stop()
	lookers.Wait()
	stop()
	others.Wait()
}

// TestViewOfUnreadable looks at a codebase of which one sandbox has a path that is too
// long to be looked at.
func TestViewOfUnreadable(t *testing.T) {
	t.Parallel()
	m, _ := manager(t)
	cb, err := m.ImportCodebase(t.Context(), project(t, sample))
	check(t, err)
	sb, err := m.FromCodebase(t.Context(), cb.ID, everything)
	check(t, err)
	other, err := m.FromCodebase(t.Context(), cb.ID, everything)
	check(t, err)
	must(t, sb, `echo one > one
n=$(printf 'a%.0s' $(seq 200))
for i in $(seq 12); do p=$p/$n; done
mkdir deep
for i in $(seq 30); do mkdir -p more$p && mv deep more$p/ && mv more deep || exit 1; done`)
	must(t, other, "echo two > two")
	if _, err := sb.Changes(t.Context()); err == nil {
		t.Fatal("all can be looked at")
	}
	files, err := m.ListFiles(t.Context(), cb.ID, "", false)
	check(t, err)
	found := map[string]bool{}
	for _, f := range files {
		found[f.Path] = true
	}
	for _, path := range []string{"/README.md", "/one", "/two", "/deep"} {
		if !found[path] {
			t.Errorf("%s is not listed", path)
		}
	}
	if got := download(t, m, cb.ID, "two"); got != "two\n" {
		t.Errorf("got %q", got)
	}
	check(t, sb.Discard(t.Context()))
	for _, sb := range []*sandbox.Sandbox{sb, other} {
		check(t, sb.Destroy(t.Context()))
	}
}

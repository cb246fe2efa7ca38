// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox"
)

// ofSample makes a sandbox of a codebase, which may write all of it.
func ofSample(t *testing.T, m *sandbox.Manager) (*sandbox.Codebase, *sandbox.Sandbox) {
	t.Helper()
	cb, err := m.ImportCodebase(t.Context(), project(t, sample))
	check(t, err)
	sb, err := m.FromCodebase(t.Context(), cb.ID, sandbox.WithPreset("full-access"))
	check(t, err)
	t.Cleanup(func() { check(t, sb.Close()) })
	return cb, sb
}

// TestWritesAreWhole looks at a workspace in every way while its owner writes a file
// there, which nothing may show under another name.
func TestWritesAreWhole(t *testing.T) {
	t.Parallel()
	m, _ := manager(t)
	cb, sb := ofSample(t, m)
	ctx, cancel := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	for i := range 2 {
		writers.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				if err := sb.WriteFile(ctx, fmt.Sprintf("written%d", i), fmt.Append(nil, n)); err != nil && ctx.Err() == nil {
					t.Error(err)
					return
				}
			}
		})
	}
	defer writers.Wait()
	defer cancel()
	only := func(how, path string) {
		if strings.Contains(path, ".tmp") {
			t.Errorf("%s: %s", how, path)
		}
	}
	for range 30 {
		changes, err := sb.Changes(ctx)
		check(t, err)
		for _, c := range changes {
			only("changes", c.Path)
		}
		report, err := m.Commit(ctx, sb.ID(), sandbox.CommitOptions{Partial: true})
		check(t, err)
		for _, item := range append(report.Applied, report.Failed...) {
			only("commit", item.Path)
		}
		files, err := m.ListFiles(ctx, cb.ID, "", false)
		check(t, err)
		for _, f := range files {
			only("files", f.Path)
		}
	}
	for range 10 {
		fork, err := m.Fork(ctx, sb.ID(), sandbox.ForkRequest{})
		check(t, err)
		changes, err := m.Changes(ctx, fork.ID)
		check(t, err)
		for _, c := range changes {
			only("fork", c.Path)
		}
		check(t, m.DestroySandbox(ctx, fork.ID))
	}
}

// TestCommitWhileFilesGo commits to a codebase while a command makes and removes files:
// what is gone, or another one, by the time it is read is reported, and the rest is
// committed if that was asked for.
func TestCommitWhileFilesGo(t *testing.T) {
	t.Parallel()
	m, _ := manager(t)
	cb, sb := ofSample(t, m)
	ctx, cancel := context.WithCancel(t.Context())
	var command sync.WaitGroup
	command.Go(func() {
		_, _ = sb.Run(ctx, "while :; do for n in 1 2 3 4 5 6 7 8; do echo $n > passing$n; done; rm passing*; done")
	})
	defer command.Wait()
	defer cancel()
	for failed, i := 0, 0; failed < 5; i++ {
		check(t, sb.WriteFile(ctx, "stays", fmt.Append(nil, i)))
		report, err := m.Commit(ctx, sb.ID(), sandbox.CommitOptions{Partial: i%2 == 0})
		if i%2 == 0 {
			check(t, err)
			if got := download(t, m, cb.ID, "stays"); got != fmt.Sprint(i) {
				t.Errorf("round %d: got %q", i, got)
			}
		} else if err != nil && !errors.Is(err, sandbox.ErrConflict) {
			t.Fatal(err)
		}
		for _, f := range report.Failed {
			if !strings.HasPrefix(f.Path, "/passing") || f.Reason == "" {
				t.Errorf("%+v", f)
			}
		}
		failed += len(report.Failed)
	}
}

// TestCommitAfterOneTakenBack has a live directory committed to while one file is open for
// writing: what was put back then is nobody's change.
func TestCommitAfterOneTakenBack(t *testing.T) {
	t.Parallel()
	m, _ := manager(t)
	dir := project(t, map[string]string{"a": "1", "b": "1", "busy": "1", "c/d": "1"})
	check(t, filepath.WalkDir(dir, func(name string, _ fs.DirEntry, err error) error {
		check(t, err)
		return os.Chtimes(name, time.Time{}, time.Now().Add(-time.Hour))
	}))
	sb := from(t, m, dir, sandbox.WithPreset("full-access"), sandbox.WithLive())
	must(t, sb, "for f in a b busy; do echo 2 > $f; done; rm c/d")
	busy, err := os.OpenFile(dir+"/busy", os.O_WRONLY, 0)
	check(t, err)
	if _, err := sb.Commit(t.Context(), sandbox.CommitOptions{}); !errors.Is(err, sandbox.ErrConflict) {
		t.Fatalf("commit while a file is open for writing: %v", err)
	}
	check(t, busy.Close())
	report, err := sb.Commit(t.Context(), sandbox.CommitOptions{Partial: true})
	check(t, err)
	if len(report.Applied) != 3 || len(report.Conflicts) != 1 || report.Conflicts[0].Path != "/busy" {
		t.Errorf("committed %v, conflicts %v", report.Applied, report.Conflicts)
	}
}

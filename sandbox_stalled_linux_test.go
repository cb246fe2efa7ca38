// SPDX-License-Identifier: MIT

package sandbox_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox"
)

// gate is at what somebody waits until it is opened.
type gate struct {
	reached, opened chan struct{}
	first, last     sync.Once
}

func newGate(t *testing.T) *gate {
	g := &gate{reached: make(chan struct{}), opened: make(chan struct{})}
	t.Cleanup(g.open)
	return g
}

func (g *gate) pass() {
	g.first.Do(func() { close(g.reached) })
	<-g.opened
}

func (g *gate) open() { g.last.Do(func() { close(g.opened) }) }

// stalled is a writer that takes nothing before its gate is open.
type stalled struct {
	*gate
	got strings.Builder
}

func (s *stalled) Write(p []byte) (int, error) {
	s.pass()
	return s.got.Write(p)
}

// returns calls something that is not to wait for what the test does later.
func returns(t *testing.T, what string, call func(context.Context) error) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- call(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		t.Fatalf("%s: it does not return", what)
		return nil
	}
}

// manyLines makes a patch of more than is kept in memory.
const manyLines = "seq 200000 > many; echo x > src/main.py"

// TestStalledDiff does everything with a sandbox, and closes its manager, while a reader
// of its patch takes nothing.
func TestStalledDiff(t *testing.T) {
	t.Parallel()
	for name, command := range map[string]string{"in memory": "echo x > few", "in a file": manyLines} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, stateDir := manager(t)
			sb := from(t, m, project(t, sample), everything)
			must(t, sb, command)
			want := diffOf(t, sb, sandbox.DiffOptions{})
			w := &stalled{gate: newGate(t)}
			done := make(chan error, 1)
			go func() { done <- sb.Diff(t.Context(), w, sandbox.DiffOptions{}) }()
			<-w.reached
			if names, err := filepath.Glob(filepath.Join(stateDir, "trash", "spool-*")); len(names) > 0 || err != nil {
				t.Errorf("a process that is killed would leave %q, %v", names, err)
			}
			for _, c := range []struct {
				name string
				call func(context.Context) error
			}{
				{"commit", func(ctx context.Context) error { _, err := sb.Commit(ctx, sandbox.CommitOptions{}); return err }},
				{"discard", sb.Discard},
				{"stop", sb.Stop},
				{"start", sb.Start},
				{"fork", func(ctx context.Context) error { _, err := sb.Fork(ctx); return err }},
				{"destroy", sb.Destroy},
				{"close", func(context.Context) error { return m.Close() }},
			} {
				if err := returns(t, c.name, c.call); err != nil {
					t.Errorf("%s: %v", c.name, err)
				}
			}
			w.open()
			check(t, <-done)
			if got := w.got.String(); got != want {
				t.Errorf("got %d bytes, want %d", len(got), len(want))
			}
		})
	}
}

// canceling is a writer that ends a context.
type canceling struct {
	got    strings.Builder
	cancel func()
}

func (c *canceling) Write(p []byte) (int, error) {
	c.cancel()
	return c.got.Write(p)
}

// TestDiffThatIsCancelled has the context of a patch end when a part of it was taken.
func TestDiffThatIsCancelled(t *testing.T) {
	t.Parallel()
	sb := start(t, project(t, sample), everything)
	must(t, sb, manyLines)
	whole := diffOf(t, sb, sandbox.DiffOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	w := &canceling{cancel: cancel}
	wantError(t, sb.Diff(ctx, w, sandbox.DiffOptions{}), context.Canceled)
	if got := w.got.String(); got == "" || got == whole || !strings.HasPrefix(whole, got) {
		t.Errorf("%d bytes of %d were written", len(got), len(whole))
	}
}

// TestDiffOnFullDisk makes a patch for which the state directory has no room.
func TestDiffOnFullDisk(t *testing.T) {
	t.Parallel()
	if !inNamespace(t) {
		return
	}
	dir := tiny(t)
	m, err := sandbox.NewManager(sandbox.Config{StateDir: dir})
	check(t, err)
	t.Cleanup(func() { check(t, m.Close()) })
	sb := from(t, m, project(t, sample), everything)
	must(t, sb, "seq 100000 > many; echo x > src/main.py")
	whole := diffOf(t, sb, sandbox.DiffOptions{})
	free := fillUp(t, dir)
	var b strings.Builder
	err = sb.Diff(t.Context(), &b, sandbox.DiffOptions{})
	wantError(t, err, syscall.ENOSPC)
	for _, word := range []string{"patch", "temporary file", dir} {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%v does not say %q", err, word)
		}
	}
	if b.Len() > 0 {
		t.Errorf("%d bytes were written all the same", b.Len())
	}
	free()
	wantDiff(t, sb, sandbox.DiffOptions{}, whole)
}

// TestWaitEndsWithContext calls all that changes a sandbox while it is held: the wait
// ends with the call's context, and nothing has come of it.
func TestWaitEndsWithContext(t *testing.T) {
	t.Parallel()
	m := parkingManager(t, 50*time.Millisecond)
	sb := from(t, m, project(t, sample), everything)
	must(t, sb, "echo x > file")
	kept, err := sb.Checkpoint(t.Context(), "kept")
	check(t, err)
	awaitParked(t, sb)
	g := newGate(t)
	done := make(chan error, 1)
	go func() {
		_, err := sb.Commit(endsWhen{t.Context(), func() bool { g.pass(); return false }}, sandbox.CommitOptions{})
		done <- err
	}()
	<-g.reached
	for name, call := range map[string]func(context.Context) error{
		"run":               func(ctx context.Context) error { _, err := sb.Run(ctx, "rm file"); return err },
		"session":           func(ctx context.Context) error { _, err := sb.Session(ctx); return err },
		"commit":            func(ctx context.Context) error { _, err := sb.Commit(ctx, sandbox.CommitOptions{}); return err },
		"discard":           sb.Discard,
		"checkpoint":        func(ctx context.Context) error { _, err := sb.Checkpoint(ctx, ""); return err },
		"restore":           func(ctx context.Context) error { return sb.Restore(ctx, kept.ID) },
		"delete checkpoint": func(ctx context.Context) error { return m.DeleteCheckpoint(ctx, sb.ID(), kept.ID) },
		"fork":              func(ctx context.Context) error { _, err := sb.Fork(ctx); return err },
		"update":            func(ctx context.Context) error { return m.UpdateResources(ctx, sb.ID(), sandbox.ResourceLimits{}) },
		"start":             sb.Start,
		"stop":              sb.Stop,
		"destroy":           sb.Destroy,
	} {
		err := returns(t, name, func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
			defer cancel()
			return call(ctx)
		})
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		wantError(t, err, context.DeadlineExceeded)
	}
	g.open()
	check(t, <-done)
	wantChanges(t, sb)
	if list, err := sb.ListCheckpoints(t.Context()); err != nil || len(list) != 1 || list[0].ID != kept.ID {
		t.Errorf("checkpoints: %v, %v", list, err)
	}
	if i := infoOf(t, sb); i.Status != sandbox.StatusRunning {
		t.Errorf("got %+v", i)
	}
	if got := must(t, sb, "cat file"); got != "x" {
		t.Errorf("got %q", got)
	}
}

// TestEndedContext stops and destroys a sandbox that nobody holds: a context that has
// ended keeps nobody from that.
func TestEndedContext(t *testing.T) {
	t.Parallel()
	sb := from(t, parkingManager(t, -1), project(t, sample))
	over, cancel := context.WithCancel(t.Context())
	cancel()
	check(t, sb.Stop(over))
	check(t, sb.Destroy(over))
}

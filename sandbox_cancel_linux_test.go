// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/sandbox-rls/sandbox"
)

// endsWhen is a context that ends as soon as something is so.
type endsWhen struct {
	context.Context
	so func() bool
}

func (c endsWhen) Err() error {
	if c.so() {
		return context.Canceled
	}
	return nil
}

// TestCommitThatIsCancelled has the context of a commit end when that is in its target,
// before the sandbox has noted it. The next commit has no conflict with it.
func TestCommitThatIsCancelled(t *testing.T) {
	t.Parallel()
	m, stateDir := manager(t)
	dir := project(t, sample)
	cb, err := m.ImportCodebase(t.Context(), dir)
	check(t, err)
	ofCodebase, err := m.FromCodebase(t.Context(), cb.ID, everything)
	check(t, err)
	t.Cleanup(func() { check(t, ofCodebase.Close()) })
	objects := func() int {
		names, err := filepath.Glob(filepath.Join(stateDir, "codebases", cb.ID, "objects", "*", "*"))
		check(t, err)
		return len(names)
	}
	there := objects()
	for name, c := range map[string]struct {
		sb        *sandbox.Sandbox
		committed func() bool
	}{
		"to a directory": {from(t, m, dir, sandbox.WithPreset("agent-safe")), func() bool { _, err := os.Lstat(dir + "/output/f"); return err == nil }},
		"to a codebase":  {ofCodebase, func() bool { return objects() > there }},
	} {
		t.Run(name, func(t *testing.T) {
			must(t, c.sb, "mkdir -p output; echo 1 > output/f")
			r, err := c.sb.Commit(endsWhen{t.Context(), c.committed}, sandbox.CommitOptions{})
			check(t, err)
			if !c.committed() || len(r.Applied) == 0 {
				t.Fatalf("got %+v", r)
			}
			wantChanges(t, c.sb)
			must(t, c.sb, "echo 2 > output/f")
			_, err = c.sb.Commit(t.Context(), sandbox.CommitOptions{})
			check(t, err)
		})
	}
}

// TestCommitThatIsNotNoted has the sandbox's own directory refuse what a commit writes
// down there after it. The next process does that.
func TestCommitThatIsNotNoted(t *testing.T) {
	t.Parallel()
	m, stateDir := manager(t)
	cb, err := m.ImportCodebase(t.Context(), project(t, sample))
	check(t, err)
	sb, err := m.FromCodebase(t.Context(), cb.ID, everything)
	check(t, err)
	must(t, sb, "echo 1 > new; rm README.md")
	obstacle := filepath.Join(stateDir, "deltas", sb.ID(), "open")
	check(t, os.WriteFile(obstacle, nil, 0o600))
	for range 2 { // neither takes the other for somebody else's
		if _, err := sb.Commit(t.Context(), sandbox.CommitOptions{}); err == nil {
			t.Error("no error")
		}
	}
	if _, err := sb.Commit(t.Context(), sandbox.CommitOptions{Paths: []string{"none"}}); err != nil {
		t.Error(err)
	}
	check(t, os.Remove(obstacle))
	check(t, m.Close())
	m, err = sandbox.NewManager(sandbox.Config{StateDir: stateDir})
	check(t, err)
	t.Cleanup(func() { check(t, m.Close()) })
	sb, err = m.Connect(t.Context(), sb.ID())
	check(t, err)
	t.Cleanup(func() { check(t, sb.Close()) })
	wantChanges(t, sb)
	if _, err := os.Lstat(filepath.Join(filepath.Dir(obstacle), "committing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a mark is left: %v", err)
	}
}

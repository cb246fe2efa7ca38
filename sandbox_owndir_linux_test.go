// SPDX-License-Identifier: MIT

package sandbox_test

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox"
)

// TestStateDirInTheTree has the state directory in the directory that sandboxes are made of,
// as it is in a home directory.
func TestStateDirInTheTree(t *testing.T) {
	t.Parallel()
	home := project(t, map[string]string{"work/.env": "secret", "work/main.go": "package main", "state/[x]/note": ""})
	state := home + "/state/[x]" // by its name, and no pattern
	m, err := sandbox.NewManager(sandbox.Config{StateDir: state})
	check(t, err)
	t.Cleanup(func() { check(t, m.Close()) })
	_, err = m.ImportCodebase(t.Context(), home+"/work") // has the secret
	check(t, err)
	for name, opts := range map[string][]sandbox.Option{
		"snapshot": {sandbox.WithPreset("full-access")},
		"all that rules can give": {sandbox.WithRules(
			sandbox.Rule{Pattern: "**", Permission: sandbox.Write},
			sandbox.Rule{Pattern: "/state/[[]x]/**", Permission: sandbox.Write, Priority: 1 << 30},
		)},
	} {
		sb := from(t, m, home, opts...)
		if got := must(t, sb, "ls work state; ls 'state/[x]' 2>&1; grep -rl secret . | sort"); strings.Contains(got, "note") || strings.Contains(got, "./state") {
			t.Errorf("%s: %s", name, got)
		}
		must(t, sb, "mkdir -p 'state/[x]' && echo junk > 'state/[x]/state.db'; echo 2 > work/main.go; true")
		if _, err := sb.Commit(t.Context(), sandbox.CommitOptions{Partial: true}); err != nil {
			t.Errorf("%s: commit: %v", name, err)
		}
		if b, _ := os.ReadFile(state + "/state.db"); len(b) < 100 {
			t.Errorf("%s: the state is overwritten: %q", name, b)
		}
		check(t, sb.Destroy(t.Context()))
	}
	if _, err := m.FromLocal(t.Context(), home, sandbox.WithLive()); !errors.Is(err, sandbox.ErrInvalid) {
		t.Errorf("live: %v", err)
	}
	c, err := m.ImportCodebase(t.Context(), home)
	check(t, err)
	if len(c.Skipped) != 1 || c.Skipped[0].Path != "/state/[x]" {
		t.Errorf("left out of the import: %v", c.Skipped)
	}
	if _, err := m.DownloadFile(t.Context(), c.ID, "/state/[x]/state.db"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the state is in the codebase: %v", err)
	}
}

// TestStateDirItself has a sandbox asked for of the state directory, or of what is in it.
func TestStateDirItself(t *testing.T) {
	t.Parallel()
	m, dir := manager(t)
	for _, name := range []string{dir, dir + "/deltas"} {
		if _, err := m.FromLocal(t.Context(), name); !errors.Is(err, sandbox.ErrInvalid) {
			t.Errorf("a sandbox of %s: %v", name, err)
		}
		if _, err := m.ImportCodebase(t.Context(), name); !errors.Is(err, sandbox.ErrInvalid) {
			t.Errorf("a codebase of %s: %v", name, err)
		}
	}
}

// TestNoRules has WithRules called with none, as by a program whose list has come out empty.
func TestNoRules(t *testing.T) {
	t.Parallel()
	m, _ := manager(t)
	dir := project(t, sample)
	var none []sandbox.Rule
	sb := from(t, m, dir, sandbox.WithRules(none...))
	if got := must(t, sb, "ls -A"); got != "" {
		t.Errorf("without a rule there is %q", got)
	}
	if got := must(t, from(t, m, dir), "ls -A"); got == "" {
		t.Error("without WithRules there is nothing")
	}
}

// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/sandbox-rls/sandbox"
)

// TestCopyingUpCutShort is about what is left of a start of a stopped sandbox in the middle
// of which its owner was killed: it is no change.
func TestCopyingUpCutShort(t *testing.T) {
	t.Parallel()
	m, stateDir := manager(t)
	dir := project(t, sample)
	hidden := sandbox.WithRules(sandbox.Rule{Pattern: "/**", Permission: sandbox.Write}, sandbox.Rule{Pattern: "/.env", Permission: sandbox.None, Priority: 1})
	sb, err := m.FromLocal(t.Context(), dir, hidden)
	check(t, err)
	must(t, sb, "echo 1 > src/one; echo 2 > src/two")
	_, err = sb.Commit(t.Context(), sandbox.CommitOptions{Paths: []string{"src/one"}})
	check(t, err)
	check(t, sb.Stop(t.Context()))
	check(t, m.Close())
	upper := filepath.Join(stateDir, "deltas", sb.ID(), "upper")
	rising := []string{filepath.Join(upper, ".sandbox-rising.tmp"), filepath.Join(upper, "src", ".sandbox-rising.tmp")}
	check(t, os.Mkdir(rising[0], 0o700))
	check(t, os.WriteFile(rising[1], []byte("half"), 0o600))
	if _, err := os.Stat(filepath.Join(filepath.Dir(upper), "open")); err != nil {
		t.Fatal("no base is open: ", err)
	}
	again, err := sandbox.NewManager(sandbox.Config{StateDir: stateDir})
	check(t, err)
	t.Cleanup(func() { check(t, again.Close()) })
	sb, err = again.Connect(t.Context(), sb.ID())
	check(t, err)
	wantChanges(t, sb, "added /src/two")
	for _, name := range rising {
		if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	report, err := sb.Commit(t.Context(), sandbox.CommitOptions{})
	check(t, err)
	if got := paths(report.Applied); got != "/src/two" {
		t.Errorf("committed %s", got)
	}
	check(t, sb.Start(t.Context()))
	if got := must(t, sb, "cat src/one src/two; ls -A src"); got != "1\n2\nlib\nmain.py\none\ntwo" {
		t.Errorf("got %q", got)
	}
	check(t, sb.Destroy(t.Context()))
}

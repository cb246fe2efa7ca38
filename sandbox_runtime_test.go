// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/runtime/bwrap"
)

// bubblewrap returns the runtime by the program bwrap, which must be there.
func bubblewrap(t *testing.T) *bwrap.Runtime {
	t.Helper()
	require(t, "bwrap")
	rt := bwrap.New()
	t.Cleanup(func() { check(t, rt.Close()) })
	return rt
}

// TestRuntimes has sandboxes of two runtimes on one manager.
func TestRuntimes(t *testing.T) {
	t.Parallel()
	m, _ := manager(t)
	dir := project(t, sample)
	by := from(t, m, dir, sandbox.WithRuntime(bubblewrap(t)))
	native := from(t, m, dir)
	if i := infoOf(t, by); i.Runtime != "bwrap" || i.RuntimeNote != "" {
		t.Errorf("runtime %q, note %q", i.Runtime, i.RuntimeNote)
	}
	if i := infoOf(t, native); i.Runtime != "native" || i.RuntimeNote != "" {
		t.Errorf("runtime %q, note %q", i.Runtime, i.RuntimeNote)
	}
	for _, sb := range []*sandbox.Sandbox{by, native} {
		must(t, sb, "echo x > output/x && cat output/x")
		check(t, sb.Stop(t.Context()))
		check(t, sb.Start(t.Context()))
		if got := must(t, sb, "cat output/x"); got != "x" {
			t.Errorf("after a stop: %q", got)
		}
	}
}

// TestRuntimeSubstitute asks for bwrap on a machine that has none.
func TestRuntimeSubstitute(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	rt := bwrap.New()
	t.Cleanup(func() { check(t, rt.Close()) })
	m, _ := manager(t)
	sb := from(t, m, project(t, sample), sandbox.WithRuntime(rt))
	if i := infoOf(t, sb); i.Runtime != "native" || !strings.Contains(i.RuntimeNote, "bwrap") {
		t.Errorf("runtime %q, note %q", i.Runtime, i.RuntimeNote)
	}
	must(t, sb, "true")
}

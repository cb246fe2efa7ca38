// SPDX-License-Identifier: MIT

package sandbox_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/runtime"
	"github.com/sandbox-rls/sandbox/runtime/native"
)

// refusing is a runtime that starts nothing.
type refusing struct{ *native.Runtime }

var errRefused = errors.New("refused")

func (refusing) Start(context.Context, runtime.Config) (runtime.Instance, error) {
	return nil, errRefused
}

// TestUnstartedIsForgotten makes a sandbox that cannot be started, whose record may have
// been written by then.
func TestUnstartedIsForgotten(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	m, err := sandbox.NewManager(sandbox.Config{StateDir: dir})
	check(t, err)
	defer func() { check(t, m.Close()) }()
	cb, err := m.ImportCodebase(ctx, project(t, sample))
	check(t, err)
	rt := native.New()
	defer rt.Close()
	for range 5 {
		_, err = m.FromCodebase(ctx, cb.ID, sandbox.WithRuntime(refusing{rt}))
		wantError(t, err, errRefused)
	}
	page, err := m.ListSandboxes(ctx, sandbox.ListSandboxesRequest{})
	check(t, err)
	if len(page.Sandboxes) != 0 {
		t.Errorf("%d sandboxes", len(page.Sandboxes))
	}
	if names := dirNames(t, filepath.Join(dir, "deltas")); len(names) != 0 {
		t.Errorf("deltas: %q", names)
	}
	check(t, m.DeleteCodebase(ctx, cb.ID)) // which no sandbox uses
}

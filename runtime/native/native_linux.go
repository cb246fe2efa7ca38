// SPDX-License-Identifier: MIT

package native

import (
	"context"

	"github.com/sandbox-rls/sandbox/runtime"
	"github.com/sandbox-rls/sandbox/runtime/internal/launch"
)

// Runtime is the native runtime. See runtime.Runtime.
type Runtime struct{ launcher *launch.Launcher }

var (
	_ runtime.Runtime  = (*Runtime)(nil)
	_ runtime.Preparer = (*Runtime)(nil)
)

// New returns the native runtime.
func New(opts ...Option) *Runtime {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	return &Runtime{launch.New(launch.Options{DelegatedCgroup: o.delegatedCgroup, Program: o.program})}
}

// Name is "native".
func (r *Runtime) Name() string { return "native" }

// Owner is the sandbox user's number on the host when the caller is root.
func (r *Runtime) Owner() runtime.Owner { return r.launcher.Owner() }

// Prepare starts the process that forks the inits, which Start otherwise does.
func (r *Runtime) Prepare() { r.launcher.Prepare() }

// Close ends the process that the inits are children of, and so all sandboxes
// that still run, and returns when none is left. A Start that is under way
// fails; a later one begins anew.
func (r *Runtime) Close() error { return r.launcher.Close() }

// Start builds a sandbox.
func (r *Runtime) Start(ctx context.Context, cfg runtime.Config) (runtime.Instance, error) {
	return r.launcher.Start(ctx, cfg, launch.Direct)
}

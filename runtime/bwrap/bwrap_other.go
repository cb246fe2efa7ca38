// SPDX-License-Identifier: MIT

//go:build !linux

package bwrap

import (
	"context"

	"github.com/sandbox-rls/sandbox/runtime"
)

// Runtime cannot run here: it needs Linux.
type Runtime struct{}

var (
	_ runtime.Runtime    = (*Runtime)(nil)
	_ runtime.Substitute = (*Runtime)(nil)
)

// New returns the runtime by bubblewrap, which on this system starts nothing.
func New(...Option) *Runtime { return &Runtime{} }

// Name is "bwrap".
func (*Runtime) Name() string { return "bwrap" }

// Note is empty.
func (*Runtime) Note() string { return "" }

// Owner is the caller.
func (*Runtime) Owner() runtime.Owner { return runtime.Owner{UID: -1, GID: -1} }

// Close does nothing.
func (*Runtime) Close() error { return nil }

// Start fails with runtime.ErrUnsupported.
func (*Runtime) Start(context.Context, runtime.Config) (runtime.Instance, error) {
	return nil, runtime.ErrUnsupported
}

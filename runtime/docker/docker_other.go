// SPDX-License-Identifier: MIT

//go:build !linux

package docker

import (
	"context"

	"github.com/sandbox-rls/sandbox/runtime"
)

const initTasks = 8

// Runtime cannot run here: it needs Linux.
type Runtime struct {
	options options
	host    string
}

var _ runtime.Runtime = (*Runtime)(nil)

// New returns the runtime, which on this system starts nothing.
func New(opts ...Option) *Runtime {
	r := &Runtime{}
	for _, opt := range opts {
		opt(&r.options)
	}
	return r
}

// Name is "docker".
func (*Runtime) Name() string { return "docker" }

// Owner is the caller.
func (*Runtime) Owner() runtime.Owner { return runtime.Owner{UID: -1, GID: -1} }

// Close does nothing.
func (*Runtime) Close() error { return nil }

// Start fails with runtime.ErrUnsupported.
func (*Runtime) Start(context.Context, runtime.Config) (runtime.Instance, error) {
	return nil, runtime.ErrUnsupported
}

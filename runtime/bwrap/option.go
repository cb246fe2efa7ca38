// SPDX-License-Identifier: MIT

package bwrap

// Option is a choice made for a runtime.
type Option func(*options)

type options struct {
	delegatedCgroup bool
	program         string
}

// WithInit names the program that the inits of sandboxes execute; see
// native.WithInit.
func WithInit(path string) Option { return func(o *options) { o.program = path } }

// WithDelegatedCgroup says that the process's own cgroup was delegated to it and
// is for it and its children alone; see native.WithDelegatedCgroup.
func WithDelegatedCgroup() Option { return func(o *options) { o.delegatedCgroup = true } }

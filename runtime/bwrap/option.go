// SPDX-License-Identifier: MIT

package bwrap

// Option is a choice made for a runtime.
type Option func(*options)

type options struct {
	delegatedCgroup bool
}

// WithDelegatedCgroup says that the process's own cgroup was delegated to it and
// is for it and its children alone; see native.WithDelegatedCgroup.
func WithDelegatedCgroup() Option { return func(o *options) { o.delegatedCgroup = true } }

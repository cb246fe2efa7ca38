// SPDX-License-Identifier: MIT

package native

// Option is a choice made for a runtime.
type Option func(*options)

type options struct {
	delegatedCgroup bool
	program         string
}

// WithInit names the program that the inits of sandboxes execute: one that
// imports this package, built of the same version, such as cmd/sandbox-init.
// Default: this program. Another one spares each start, and each running
// sandbox, what the Go runtime sets up of a large program's packages.
func WithInit(path string) Option { return func(o *options) { o.program = path } }

// WithDelegatedCgroup says that the process's own cgroup was delegated to it
// (systemd: Delegate=yes) and is for it and its children alone. They may then be
// moved into a child of that group, "supervisor": cgroup v2 has limits only
// beneath a group that holds no processes itself. It happens when a sandbox with
// limits is first started, and means nothing on cgroup v1.
func WithDelegatedCgroup() Option { return func(o *options) { o.delegatedCgroup = true } }

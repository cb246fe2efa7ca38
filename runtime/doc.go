// SPDX-License-Identifier: MIT

// Package runtime owns the processes of sandboxes. A [Runtime] turns one
// description, an OCI runtime spec and the layers of a workspace, into a
// running [Instance] with an init as its PID 1, through which commands are
// started: a command costs a fork and an exec, not a container start.
//
// Package native is the embedded default and needs nothing but the kernel. Package
// bwrap has sandboxes built by bubblewrap, or is native where there is none.
// Package runtimetest is the suite that every runtime passes.
package runtime

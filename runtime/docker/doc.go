// SPDX-License-Identifier: MIT

// Package docker has sandboxes run in containers of a Docker engine on this
// machine, with the same workspace, guard and levels as the native runtime. It
// needs root, since it mounts the workspace in the container itself.
//
// A container's first process is the library's init, which must be a static
// program: this one, if it is static (CGO_ENABLED=0), or the command
// cmd/sandbox-init. See [WithInit].
package docker

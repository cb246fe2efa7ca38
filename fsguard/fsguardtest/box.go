// SPDX-License-Identifier: MIT

package fsguardtest

import (
	"io/fs"
	"testing"

	"github.com/sandbox-rls/sandbox/fsguard"
)

// Factory starts a sandbox that sees the directory dir as /workspace under
// rules, or fails the test. The suite closes the box.
//
// The sandbox has one user, whoever that is. It must be able to execute the probe, which is a static or dynamic
// copy of the test binary in the tree, and /bin/sh.
type Factory func(t *testing.T, dir string, rules []fsguard.Rule) Box

// Box is a running sandbox. Its methods are called by one goroutine at a time.
type Box interface {
	// Exec runs a command in /workspace and waits for it.
	Exec(argv []string, stdin []byte) (stdout, stderr []byte, exitCode int)
	// Changes returns what differs from the source, in any order.
	Changes() []Change
	// Close ends the sandbox. What it changed may be dropped.
	Close()
}

// Change is a path that the sandbox's owner sees changed.
type Change struct {
	Path string      // "/a/b"
	Kind string      // "added", "modified" or "deleted"
	Mode fs.FileMode // the new one; the old one of what was deleted
	Size int64       // bytes, likewise
}

// Option is a choice made for a run of the suite.
type Option func(*options)

type options struct {
	probe   string
	foreign bool
}

// WithForeignFilter says that the sandboxes have a seccomp filter besides the
// guard's, which may not know the newest system calls: fchmodat2(2) is then ENOSYS.
func WithForeignFilter() Option { return func(o *options) { o.foreign = true } }

// WithProbe names another program than the test binary for the probe: one that
// imports this package, such as the command in the directory probe. It is for
// sandboxes that cannot execute the test binary.
func WithProbe(path string) Option { return func(o *options) { o.probe = path } }

// Workspace is where a sandbox sees its tree.
const Workspace = "/workspace"

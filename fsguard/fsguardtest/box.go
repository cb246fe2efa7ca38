// SPDX-License-Identifier: MIT

package fsguardtest

import (
	"testing"

	"github.com/sandbox-rls/sandbox/fsguard"
)

// Factory starts a sandbox that sees the directory dir as /workspace under
// rules, or fails the test. The suite closes the box.
//
// The sandbox must be able to execute the probe, which is a static or dynamic
// copy of the test binary in the tree, and /bin/sh.
type Factory func(t *testing.T, dir string, rules []fsguard.Rule) Box

// Box is a running sandbox. Its methods are called by one goroutine at a time.
type Box interface {
	// Exec runs a command in /workspace and waits for it.
	Exec(argv []string, stdin []byte) (stdout, stderr []byte, exitCode int)
	// Changes returns the paths that differ from the source, "/a/b", in any order.
	Changes() []string
	// Close ends the sandbox. What it changed may be dropped.
	Close()
}

// Workspace is where a sandbox sees its tree.
const Workspace = "/workspace"

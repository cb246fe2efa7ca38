// SPDX-License-Identifier: MIT

//go:build linux

package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox/internal/initproc"
)

// TestInitIsCheap sees that a sandbox's init, which is this program executed
// again, does not initialise what only the command line needs.
func TestInitIsCheap(t *testing.T) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = initproc.Argv()
	cmd.Env = append(initproc.Environ(), "GODEBUG=inittrace=1")
	out, _ := cmd.CombinedOutput() // it fails, since it has no control socket
	if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), "init os ") {
		t.Fatalf("it did not begin as an init: %v, %s", cmd.ProcessState, out)
	}
	for line := range strings.Lines(string(out)) {
		for _, name := range []string{"net ", "text/template ", "regexp", "github.com/spf13/", "github.com/rogpeppe/"} {
			if strings.HasPrefix(line, "init "+name) {
				t.Errorf("the init pays for %s", line)
			}
		}
	}
}

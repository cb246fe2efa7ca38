// SPDX-License-Identifier: MIT

package initproc

import (
	"os/exec"
	"testing"
)

// TestHasChildren has a child that runs, one that has ended, and none.
func TestHasChildren(t *testing.T) {
	if hasChildren() {
		t.Skip("another test's child has not ended")
	}
	cmd := exec.Command("/bin/sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if !hasChildren() {
		t.Error("none while one runs")
	}
	_ = cmd.Process.Kill()
	await(cmd.Process.Pid, "Z", maxRounds)
	if !hasChildren() {
		t.Error("none while one has ended")
	}
	_ = cmd.Wait()
	if hasChildren() {
		t.Error("one when there is none")
	}
}

// SPDX-License-Identifier: MIT

package initproc

import (
	"os"
	"os/exec"
	"testing"
)

// TestHasChildren has a child that runs, one that has ended, and none, in a process of
// its own: those of other tests are children, too.
func TestHasChildren(t *testing.T) {
	const alone = "INITPROC_TEST_ALONE"
	if os.Getenv(alone) == "" {
		cmd := exec.Command("/proc/self/exe", "-test.run=^TestHasChildren$")
		cmd.Env = append(os.Environ(), alone+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	if hasChildren() {
		t.Fatal("there is one before there is any")
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

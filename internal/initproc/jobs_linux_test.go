// SPDX-License-Identifier: MIT

package initproc

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestKillJobs kills a shell with job control and many jobs. None of them goes on when the shell
// ends, which is when the kernel sends SIGHUP and SIGCONT to those that are stopped.
func TestKillJobs(t *testing.T) {
	for range 10 {
		dir := t.TempDir()
		cmd := exec.Command("/bin/bash", "-c", `set -m
			for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do sleep 1000 & done
			(trap ": > went-on" HUP; : > begun; while :; do :; done) &
			wait`)
		cmd.Dir = dir
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
			if _, err := os.Stat(filepath.Join(dir, "begun")); err == nil {
				break
			}
			if time.Now().After(end) {
				t.Fatal("the shell does not begin")
			}
		}
		jobs := beneath(processes(), cmd.Process.Pid)
		killTree(cmd.Process.Pid, unix.SIGKILL)
		_ = cmd.Wait()
		for _, pid := range jobs {
			await(pid, "ZX", maxRounds)
		}
		if _, err := os.Stat(filepath.Join(dir, "went-on")); err == nil {
			t.Fatal("a job went on")
		}
	}
}

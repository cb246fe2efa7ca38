// SPDX-License-Identifier: MIT

package spawner_test

import (
	"bytes"
	"os"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// TestFilesAreRaised looks at the limit of open files of a spawner and of its init:
// as high as there is, where this process may raise it, else its own.
func TestFilesAreRaised(t *testing.T) {
	s, pid := begin(t)
	p, conn := spawn(t, s)
	defer conn.Close()
	defer p.Kill()
	want := hardFiles(t, os.Getpid())
	if mayRaise(t) {
		data, err := os.ReadFile("/proc/sys/fs/nr_open")
		if err != nil {
			t.Fatal(err)
		}
		most, err := strconv.ParseUint(string(bytes.TrimSpace(data)), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		want = max(want, most)
	}
	for name, pid := range map[string]int{"spawner": pid, "init": p.PID} {
		if got := hardFiles(t, pid); got != want {
			t.Errorf("the %s may have %d files open, want %d", name, got, want)
		}
	}
}

// hardFiles is a process's hard limit of open files.
func hardFiles(t *testing.T, pid int) uint64 {
	t.Helper()
	var limit unix.Rlimit
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &limit); err != nil {
		t.Fatal(err)
	}
	return limit.Max
}

// mayRaise reports whether this process may raise its hard limits.
func mayRaise(t *testing.T) bool {
	t.Helper()
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var have [2]unix.CapUserData
	if err := unix.Capget(&hdr, &have[0]); err != nil {
		t.Fatal(err)
	}
	return have[0].Effective&(1<<unix.CAP_SYS_RESOURCE) != 0
}

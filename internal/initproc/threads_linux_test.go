// SPDX-License-Identifier: MIT

package initproc

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/control"
)

// TestThreadsOfLimited counts the threads of second stages that are ready: beside
// the spare ones there are the one that made them and the runtime's monitor. A
// stage without spare threads has fewer as a rule, but no number of its own.
func TestThreadsOfLimited(t *testing.T) {
	for range 10 {
		if n := threadsWhenReady(t, initArg, limitedArg); n < spareThreads+2 {
			t.Fatalf("%d threads when ready, want at least %d", n, spareThreads+2)
		}
	}
}

func threadsWhenReady(t *testing.T, argv ...string) int {
	t.Helper()
	runtime.LockOSThread() // with which the process would end
	defer runtime.UnlockOSThread()
	ours, theirs, err := control.Pair()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(ours)
	score, err := openScore()
	if err != nil {
		t.Fatal(err)
	}
	pid, err := syscall.ForkExec("/proc/self/exe", argv, &syscall.ProcAttr{Env: Environ(), Files: []uintptr{0, 1, 2, uintptr(theirs), uintptr(score)}})
	control.CloseFiles([]int{theirs, score})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = unix.Kill(pid, unix.SIGKILL)
		_, _ = unix.Wait4(pid, nil, 0, nil)
	}()
	m, _, err := control.Receive(ours, new(control.Buffer))
	if _, ok := m.(*control.Ready); !ok || err != nil {
		t.Fatalf("got %v, %v", m, err)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	var n int
	for line := range strings.Lines(string(bytes.TrimSpace(status))) {
		_, _ = fmt.Sscanf(line, "Threads: %d", &n)
	}
	return n
}

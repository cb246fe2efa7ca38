// SPDX-License-Identifier: MIT

package probe_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/probe"
)

const stage = "PROBE_TEST_STAGE"

// TestMain has two stages more: one that takes a flag of seccomp(2) away and
// executes the program anew, and one that gathers and prints what became of
// the calls that were waiting.
func TestMain(m *testing.M) {
	switch os.Getenv(stage) {
	case "filter":
		runtime.LockOSThread()
		if err := refuseWaitKillable(); err != nil {
			panic(err)
		}
		panic(syscall.Exec("/proc/self/exe", os.Args, []string{stage + "=gather"}))
	case "gather":
		f := probe.Gather()
		fmt.Printf("killable %v, waits %v, memory %v, addfd %v", f.Door.Killable, f.Door.Waits, f.Door.Memory, f.Door.AddFD)
		return
	}
	os.Exit(m.Run())
}

// refuseWaitKillable makes the kernel one that does not know
// SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV.
func refuseWaitKillable() error {
	const flag = unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 3, K: unix.SYS_SECCOMP},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 24}, // the second argument
		{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, Jf: 1, K: flag},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EINVAL)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	prog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	_, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return errno
	}
	return nil
}

// TestWaits sees the difference that the flag makes, by what a signal does to
// a call that waits for its answer.
func TestWaits(t *testing.T) {
	f := probe.Gather()
	if !f.Door.Killable.Works() {
		if os.Getenv("SANDBOX_REQUIRE") != "" {
			t.Fatalf("%+v", f.Door)
		}
		t.Skipf("%+v", f.Door)
	}
	if !f.Door.Waits.Works() {
		t.Errorf("with the flag: %+v", f.Door.Waits)
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{stage + "=filter"}
	out, err := cmd.CombinedOutput()
	want := fmt.Sprintf("killable {true %v}, waits {true %v}, memory {true <nil>}, addfd {true <nil>}", unix.EINVAL, unix.EINTR)
	if err != nil || string(out) != want {
		t.Errorf("without the flag: %v, %s\nwant %s", err, out, want)
	}
}

func TestTrial(t *testing.T) {
	if (probe.Trial{}).Works() || (probe.Trial{Tried: true, Err: errors.New("x")}).Works() || !(probe.Trial{Tried: true}).Works() {
		t.Error("only what was tried, and did not fail, works")
	}
}

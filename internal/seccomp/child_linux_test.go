// SPDX-License-Identifier: MIT

package seccomp_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/sandbox-rls/sandbox/internal/seccomp"
	"golang.org/x/sys/unix"
)

// A filter cannot be taken off again, so all that loads one happens in a child:
// this binary again, which the marker turns into one of these programs.
const marker = "SANDBOX_SECCOMP_TEST_CHILD"

var childPrograms = map[string]func() error{
	"probe":  probe,
	"exec":   execFiltered,
	"init":   actAsInit,
	"notify": notifyOnce,
}

func TestMain(m *testing.M) {
	program, ok := childPrograms[os.Getenv(marker)]
	if !ok {
		os.Exit(m.Run())
	}
	runtime.LockOSThread()
	if err := program(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// child returns the command that runs one of the programs. It goes through
// /proc because go test keeps the binary in a directory of the user's own.
func child(t *testing.T, program string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // a call that nobody answers hangs
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "/proc/self/exe", args...)
	cmd.WaitDelay = time.Minute
	cmd.Env = append(os.Environ(), marker+"="+program)
	return cmd
}

// loadFilter puts the calling thread under the policy and returns the listener,
// if there is to be one.
func loadFilter(notify bool) (listener int, err error) {
	p, err := seccomp.Build(seccomp.Options{Notify: notify})
	if err != nil {
		return -1, err
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return -1, err
	}
	code := p.Bytes()
	prog := unix.SockFprog{Len: uint16(len(p)), Filter: (*unix.SockFilter)(unsafe.Pointer(&code[0]))}
	var flags uintptr
	if notify {
		flags = unix.SECCOMP_FILTER_FLAG_NEW_LISTENER
	}
	fd, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&prog)))
	runtime.KeepAlive(code)
	if errno != 0 {
		return -1, fmt.Errorf("seccomp: %w", errno)
	}
	return int(fd), nil
}

// eachUser runs a test as this user and, if that is root, as nobody.
func eachUser(t *testing.T, f func(t *testing.T, attr *syscall.SysProcAttr)) {
	if seccomp.NativeArch() == 0 {
		t.Skip("not a CPU that the policy knows")
	}
	t.Run("self", func(t *testing.T) { f(t, &syscall.SysProcAttr{}) })
	if os.Geteuid() == 0 {
		t.Run("nobody", func(t *testing.T) {
			f(t, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}})
		})
	}
}

// lines splits a child's output into words by line, keyed by the first.
func lines(out []byte) map[string]string {
	m := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		m[key] = value
	}
	return m
}

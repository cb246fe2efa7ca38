// SPDX-License-Identifier: MIT

package probe

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// trapped is the system call that the child's filter asks its parent about:
// nothing needs it, and its arguments mean nothing to the kernel.
const trapped = unix.SYS_GETPPID

// What the child asks by its first argument.
const (
	askMemory = 1 // the second argument is the address of secret
	askFile   = 2
)

// secret is what the parent shall find in the child's memory and in the file
// that it hands over.
const secret = "what the parent shall find"

// answer is what the parent makes a trapped call return.
const answer = 4711

// tryLandlock confines the process to listing files, as a sandbox is in which
// nothing may be read.
func tryLandlock() error {
	attr := unix.LandlockRulesetAttr{Handled_access_fs: unix.LANDLOCK_ACCESS_FS_READ_FILE}
	// Only the first field: the size that every Landlock ABI knows.
	fd, _, errno := unix.RawSyscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), 8, 0)
	if errno != 0 {
		return errno
	}
	defer unix.Close(int(fd))
	if _, _, errno = unix.RawSyscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// tryFilters installs the best filter that the kernel takes, and asks the
// parent through it.
func tryFilters() {
	const best = unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
	listener, err := install(unix.SECCOMP_RET_USER_NOTIF, best)
	tell("killable", err)
	if err != nil {
		listener, err = install(unix.SECCOMP_RET_USER_NOTIF, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER)
	}
	if err != nil {
		tell("listener", err)
		_, err = install(unix.SECCOMP_RET_ALLOW, 0)
		tell("filter", err)
		return
	}
	tell("filter", nil)
	tell("listener", nil, listener)
	// The parent alone has it now: when it is gone, nothing waits for it.
	unix.Close(listener)
	words := []byte(secret)
	if r := ask(askMemory, uintptr(unsafe.Pointer(&words[0]))); r != answer {
		tell("answer", unix.EIO)
		return
	}
	runtime.KeepAlive(words)
	tell("answer", nil)
	tell("addfd", readSecret(int(ask(askFile, 0))))
}

// ask makes the call that the filter traps.
func ask(what, argument uintptr) uintptr {
	r, _, errno := unix.RawSyscall(trapped, what, argument, 0)
	if errno != 0 {
		return ^uintptr(0)
	}
	return r
}

// readSecret reads the file that the parent put into this process.
func readSecret(fd int) error {
	buf := make([]byte, len(secret)+1)
	n, err := unix.Pread(fd, buf, 0)
	if err != nil {
		return err
	}
	if string(buf[:n]) != secret {
		return unix.EIO
	}
	return nil
}

// install installs a filter that does verdict to the trapped call and allows
// all others. It returns the listener, if the flags ask for one.
func install(verdict uint32, flags uintptr) (int, error) {
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // seccomp_data.nr
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: trapped},
		{Code: unix.BPF_RET | unix.BPF_K, K: verdict},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	prog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	fd, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return -1, errno
	}
	return int(fd), nil
}

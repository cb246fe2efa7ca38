// SPDX-License-Identifier: MIT

package fsguard

import (
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/seccomp"
)

// The structures of seccomp_unotify(2).
type (
	notification = seccomp.Notification
	response     = seccomp.Response
	addFD        = seccomp.AddFD
)

// ioctl is another one in tests.
var ioctl = func(fd int, req uint, arg unsafe.Pointer) (int, unix.Errno) {
	r, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(req), uintptr(arg))
	return int(r), errno
}

// uninterrupted is ioctl until it is not interrupted. The runtime preempts threads by
// signals, and a listener's lock is waited for interruptibly: an answer that is not
// repeated then would be lost, and its process wait for ever. Nothing was done by what is.
func uninterrupted(fd int, req uint, arg unsafe.Pointer) (int, unix.Errno) {
	for {
		if r, errno := ioctl(fd, req, arg); errno != unix.EINTR {
			return r, errno
		}
	}
}

// receive takes the next notification. It blocks when there is none, so that
// it is called only after poll(2) has seen one.
func receive(listener int, n *notification) unix.Errno {
	*n = notification{}
	_, errno := ioctl(listener, unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(n))
	return errno
}

// valid reports whether the process still waits for an answer: if it does, its
// PID is still its own, and what was read from /proc was of it.
func valid(listener int, id uint64) bool {
	_, errno := uninterrupted(listener, unix.SECCOMP_IOCTL_NOTIF_ID_VALID, unsafe.Pointer(&id))
	return errno == 0
}

func send(listener int, r *response) {
	// ENOENT: the process was killed meanwhile, and needs no answer.
	_, _ = uninterrupted(listener, unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(r))
}

// inject puts a file into the process and returns its number there, with which
// the call is yet to be answered.
func inject(listener int, id uint64, fd int, cloexec bool) (int, error) {
	a := addFD{ID: id, SrcFD: uint32(fd)}
	if cloexec {
		a.NewFDFlags = unix.O_CLOEXEC
	}
	n, errno := uninterrupted(listener, unix.SECCOMP_IOCTL_NOTIF_ADDFD, unsafe.Pointer(&a))
	if errno != 0 {
		return -1, errno
	}
	return n, nil
}

// wakeSync makes a notification and its answer hand over the CPU directly,
// which a round trip is several times faster by. Linux 6.6; without it all works, slower.
func wakeSync(listener int) {
	_, _, _ = unix.Syscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_SET_FLAGS, unix.SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP)
}

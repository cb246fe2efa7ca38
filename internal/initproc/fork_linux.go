// SPDX-License-Identifier: MIT

package initproc

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The runtime's own hooks around fork(2), which package syscall uses: they
// keep signals and the scheduler away from the child.

//go:linkname beforeFork syscall.runtime_BeforeFork
func beforeFork()

//go:linkname afterFork syscall.runtime_AfterFork
func afterFork()

//go:linkname afterForkInChild syscall.runtime_AfterForkInChild
func afterForkInChild()

// image is what a child becomes. All of it is ready before the fork: the child
// may not allocate.
type image struct {
	path, dir  *byte
	argv, envv **byte
	files      []int       // by the descriptor that they become; none is among those
	limit      unix.Rlimit // RLIMIT_NOFILE
	tty        bool        // the first file becomes the controlling terminal
	failure    uintptr     // errno: written by the child, which shares the parent's memory
}

// rawVfork is clone(2) for a child that runs on the parent's stack.
//
//go:noescape
func rawVfork(flags uintptr) (pid, errno uintptr)

// fork starts a process that executes an image, and returns when it does or
// has failed to. Package syscall can do all of this but one thing: the child
// becomes a subreaper (PR_SET_CHILD_SUBREAPER, which survives execve(2)), so
// that whatever descends from a command stays beneath it for as long as it
// runs, daemons included, and can be ended with it.
func fork(im *image) (pid int, errno syscall.Errno) {
	im.failure = 0
	child, e := forkChild(im)
	afterFork()
	if e == 0 && im.failure != 0 {
		e = im.failure
		_, _ = unix.Wait4(int(child), nil, 0, nil)
	}
	return int(child), syscall.Errno(e)
}

// forkChild is the part in which parent and child share a stack frame. The
// parent returns from it at once; the child never does, and calls nothing that
// could grow the stack.
//
//go:noinline
//go:norace
//go:nocheckptr
func forkChild(im *image) (pid, errno uintptr) {
	beforeFork()
	pid, errno = rawVfork(uintptr(syscall.SIGCHLD) | unix.CLONE_VFORK | unix.CLONE_VM)
	if errno != 0 || pid != 0 {
		return pid, errno
	}
	afterForkInChild()
	im.failure = uintptr(become(im))
	for {
		syscall.RawSyscall(syscall.SYS_EXIT_GROUP, 127, 0, 0)
	}
}

// become makes the child what the image says. It returns only on failure.
//
//go:nosplit
//go:norace
//go:nocheckptr
func become(im *image) (errno syscall.Errno) {
	if _, _, errno = syscall.RawSyscall(syscall.SYS_SETSID, 0, 0, 0); errno != 0 {
		return errno
	}
	if _, _, errno = syscall.RawSyscall(syscall.SYS_PRCTL, unix.PR_SET_CHILD_SUBREAPER, 1, 0); errno != 0 {
		return errno
	}
	if _, _, errno = syscall.RawSyscall(syscall.SYS_CHDIR, uintptr(unsafe.Pointer(im.dir)), 0, 0); errno != 0 {
		return errno
	}
	for i := range im.files {
		if _, _, errno = syscall.RawSyscall(syscall.SYS_DUP3, uintptr(im.files[i]), uintptr(i), 0); errno != 0 {
			return errno
		}
	}
	if im.tty {
		if _, _, errno = syscall.RawSyscall(syscall.SYS_IOCTL, 0, unix.TIOCSCTTY, 0); errno != 0 {
			return errno
		}
	}
	if _, _, errno = syscall.RawSyscall6(syscall.SYS_PRLIMIT64, 0, unix.RLIMIT_NOFILE, uintptr(unsafe.Pointer(&im.limit)), 0, 0, 0); errno != 0 {
		return errno
	}
	_, _, errno = syscall.RawSyscall(syscall.SYS_EXECVE, uintptr(unsafe.Pointer(im.path)), uintptr(unsafe.Pointer(im.argv)), uintptr(unsafe.Pointer(im.envv)))
	return errno
}

// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/seccomp"
)

// trapArg makes the program one that has its opens for writing trapped, and then
// becomes another.
const trapArg = "-become-trapped"

// becomeTrapped is the child of trapped: it sends the listener through its
// descriptor 3 and executes a command line.
func becomeTrapped(command string) error {
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	const flags = 16 + 2*8 // of struct seccomp_data: the lower half of the third argument
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 3, K: unix.SYS_OPENAT},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: flags},
		{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, Jf: 1, K: unix.O_WRONLY | unix.O_RDWR | unix.O_CREAT},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_USER_NOTIF},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	listener, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return errno
	}
	if err := unix.Sendmsg(3, []byte{0}, unix.UnixRights(int(listener)), nil, 0); err != nil {
		return err
	}
	unix.Close(int(listener))
	unix.CloseOnExec(3)
	return syscall.Exec("/bin/sh", []string{"/bin/sh", "-c", command}, os.Environ())
}

// trapped runs a command line whose opens for writing are trapped, and answered
// by the shortest loop that can, which lets them through or hands the files over: what
// traps cost at least.
func (h *host) trapped(dir, command string, handOver bool) (string, error) {
	base, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	defer unix.Close(base)
	ours, theirs, err := socketPair()
	if err != nil {
		return "", err
	}
	defer ours.Close()
	var stdout strings.Builder
	cmd := exec.CommandContext(h.ctx, "/proc/self/exe", trapArg, command)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = dir, h.env, &stdout, os.Stderr, []*os.File{theirs}
	err = cmd.Start()
	theirs.Close()
	if err != nil {
		return "", err
	}
	listener, err := receiveFile(ours)
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return "", fmt.Errorf("no listener: %w", err)
	}
	done := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer close(done)
		if handOver {
			answer(listener, func(n *seccomp.Notification) seccomp.Response { return opened(listener, base, n) })
			return
		}
		answer(listener, func(n *seccomp.Notification) seccomp.Response {
			return seccomp.Response{ID: n.ID, Flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE}
		})
	}()
	err = cmd.Wait()
	<-done
	unix.Close(listener)
	return stdout.String(), err
}

// answer answers until no process is left.
func answer(listener int, how func(*seccomp.Notification) seccomp.Response) {
	fd := uintptr(listener)
	_, _, _ = unix.RawSyscall(unix.SYS_IOCTL, fd, unix.SECCOMP_IOCTL_NOTIF_SET_FLAGS, unix.SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP)
	poll := []unix.PollFd{{Fd: int32(listener), Events: unix.POLLIN}}
	for {
		if _, err := unix.Poll(poll, -1); err == nil && poll[0].Revents&unix.POLLIN == 0 {
			return
		}
		var n seccomp.Notification
		_, _, errno := unix.RawSyscall(unix.SYS_IOCTL, fd, unix.SECCOMP_IOCTL_NOTIF_RECV, uintptr(unsafe.Pointer(&n)))
		if errno != 0 {
			continue
		}
		r := how(&n)
		for errno = unix.EINTR; errno == unix.EINTR; { // the runtime preempts the thread, and the answer would be lost
			_, _, errno = unix.RawSyscall(unix.SYS_IOCTL, fd, unix.SECCOMP_IOCTL_NOTIF_SEND, uintptr(unsafe.Pointer(&r)))
		}
	}
}

// opened does what the call asks for, in the directory that it is made in, and puts
// the file into the process: the least that whoever opens it has to do.
func opened(listener, base int, n *seccomp.Notification) seccomp.Response {
	var path [256]byte
	local := [1]unix.Iovec{{Base: &path[0], Len: uint64(len(path))}}
	remote := [1]unix.RemoteIovec{{Base: uintptr(n.Data.Args[1]), Len: len(path)}}
	_, _, _ = unix.RawSyscall6(unix.SYS_PROCESS_VM_READV, uintptr(n.PID),
		uintptr(unsafe.Pointer(&local[0])), 1, uintptr(unsafe.Pointer(&remote[0])), 1, 0)
	path[len(path)-1] = 0
	fd, _, errno := unix.RawSyscall6(unix.SYS_OPENAT, uintptr(base), uintptr(unsafe.Pointer(&path[0])), uintptr(n.Data.Args[2]), 0, 0, 0)
	if errno != 0 {
		return seccomp.Response{ID: n.ID, Error: -int32(errno)}
	}
	add := seccomp.AddFD{ID: n.ID, SrcFD: uint32(fd), NewFDFlags: unix.O_CLOEXEC}
	number, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_ADDFD, uintptr(unsafe.Pointer(&add)))
	_, _, _ = unix.RawSyscall(unix.SYS_CLOSE, fd, 0, 0)
	if errno != 0 {
		return seccomp.Response{ID: n.ID, Error: -int32(errno)}
	}
	return seccomp.Response{ID: n.ID, Val: int64(number)}
}

func socketPair() (*net.UnixConn, *os.File, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	mine := os.NewFile(uintptr(fds[0]), "ours")
	defer mine.Close()
	theirs := os.NewFile(uintptr(fds[1]), "theirs")
	c, err := net.FileConn(mine)
	if err != nil {
		theirs.Close()
		return nil, nil, err
	}
	return c.(*net.UnixConn), theirs, nil
}

func receiveFile(c *net.UnixConn) (int, error) {
	data, oob := make([]byte, 1), make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := c.ReadMsgUnix(data, oob)
	if err != nil {
		return -1, err
	}
	msgs, err := unix.ParseSocketControlMessage(oob[:n])
	if err != nil || len(msgs) != 1 {
		return -1, fmt.Errorf("no file was sent: %w", os.ErrInvalid)
	}
	fds, err := unix.ParseUnixRights(&msgs[0])
	if err != nil || len(fds) != 1 {
		return -1, fmt.Errorf("no file was sent: %w", os.ErrInvalid)
	}
	unix.CloseOnExec(fds[0])
	return fds[0], nil
}

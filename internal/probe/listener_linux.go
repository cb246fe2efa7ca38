// SPDX-License-Identifier: MIT

package probe

import (
	"bytes"
	"os"
	"strconv"
	"time"
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

func ioctl(fd int, req uint, arg unsafe.Pointer) error {
	for {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(req), uintptr(arg))
		switch errno {
		case 0:
			return nil
		case unix.EINTR:
		default:
			return errno
		}
	}
}

// listener is the parent's side of the child's filter.
type listener struct {
	fd       int
	child    int // its PID
	door     *Door
	deadline time.Time
}

func newListener(fd, child int, door *Door, deadline time.Time) *listener {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SECCOMP_IOCTL_NOTIF_SET_FLAGS, unix.SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP)
	door.SyncWake = tried(nil)
	if errno != 0 {
		door.SyncWake.Err = errno
	}
	return &listener{fd: fd, child: child, door: door, deadline: deadline}
}

// serve answers one call.
func (l *listener) serve() {
	var n notification
	if ioctl(l.fd, unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(&n)) != nil {
		return // it was interrupted meanwhile, or there is none
	}
	switch n.Data.Args[0] {
	case askMemory:
		if !l.door.Waits.Tried {
			l.door.Waits = tried(l.interrupt(&n))
		}
		l.door.Memory = tried(readMemory(int(n.PID), uintptr(n.Data.Args[1])))
		r := response{ID: n.ID, Val: answer}
		_ = ioctl(l.fd, unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&r))
	case askFile:
		if err := l.handOver(n.ID); err != nil {
			l.door.AddFD = tried(err)
			r := response{ID: n.ID, Error: -int32(unix.EIO)}
			_ = ioctl(l.fd, unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&r))
		}
	}
}

// interrupt sends the child, which waits for an answer, a signal that it
// handles, and looks what becomes of the call: a kernel that keeps it waiting
// lets nothing but death end that ("D"), one that does not takes the call back.
// Either comes to be seen, however slow the machine is.
func (l *listener) interrupt(n *notification) error {
	if err := unix.Tgkill(l.child, int(n.PID), unix.SIGURG); err != nil {
		return err
	}
	for time.Now().Before(l.deadline) {
		id := n.ID
		if ioctl(l.fd, unix.SECCOMP_IOCTL_NOTIF_ID_VALID, unsafe.Pointer(&id)) != nil {
			return unix.EINTR
		}
		if state(l.child) == 'D' {
			return nil
		}
		time.Sleep(50 * time.Microsecond)
	}
	return unix.ETIME
}

// state is the third field of proc_pid_stat(5).
func state(pid int) byte {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	if f := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:]); len(f) > 0 {
		return f[0][0]
	}
	return 0
}

func readMemory(pid int, addr uintptr) error {
	buf := make([]byte, len(secret))
	local := []unix.Iovec{{Base: &buf[0]}}
	local[0].SetLen(len(buf))
	n, err := unix.ProcessVMReadv(pid, local, []unix.RemoteIovec{{Base: addr, Len: len(buf)}}, 0)
	if err != nil {
		return err
	}
	if string(buf[:n]) != secret {
		return unix.EIO
	}
	return nil
}

// handOver puts a file into the child as the result of its call.
func (l *listener) handOver(id uint64) error {
	fd, err := unix.MemfdCreate("probe", unix.MFD_CLOEXEC)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if _, err := unix.Pwrite(fd, []byte(secret), 0); err != nil {
		return err
	}
	a := addFD{ID: id, Flags: unix.SECCOMP_ADDFD_FLAG_SEND, SrcFD: uint32(fd), NewFDFlags: unix.O_CLOEXEC}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(l.fd), unix.SECCOMP_IOCTL_NOTIF_ADDFD, uintptr(unsafe.Pointer(&a)))
	if errno != 0 {
		return errno
	}
	return nil
}

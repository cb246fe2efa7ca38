// SPDX-License-Identifier: MIT

package seccomp_test

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// TestKernelEnforces loads the program for real.
func TestKernelEnforces(t *testing.T) {
	want := map[string]string{
		"before":      "ok",
		"unshare":     "EPERM",
		"mount":       "EPERM",
		"io_uring":    "ENOSYS",
		"clone3":      "ENOSYS",
		"clone":       "EPERM",
		"unassigned":  "ENOSYS",
		"alg":         "EAFNOSUPPORT",
		"vsock":       "EAFNOSUPPORT",
		"unix":        "ok",
		"tiocsti":     "EPERM",
		"kill":        "EPERM",
		"kill0":       "ok",
		"prlimit":     "EPERM",
		"prlimit0":    "ok",
		"listener":    "EPERM",
		"plainfilter": "EFAULT", // it got as far as reading the program
		"read":        "ok",
		"write":       "ok",
	}
	eachUser(t, func(t *testing.T, attr *syscall.SysProcAttr) {
		cmd := child(t, "probe")
		cmd.SysProcAttr = attr
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, lines(out)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

// probe tries calls under the filter and prints what came of each.
func probe() error {
	report := func(name string, err error) {
		text := "ok"
		var errno syscall.Errno
		if errors.As(err, &errno) {
			text = unix.ErrnoName(errno)
		}
		fmt.Println(name, text)
	}
	raw := func(name string, nr, a0, a1, a2, a3 uintptr) {
		_, _, errno := unix.RawSyscall6(nr, a0, a1, a2, a3, 0, 0)
		if errno == 0 {
			report(name, nil)
			return
		}
		report(name, errno)
	}
	socket := func(name string, family int) {
		fd, err := unix.Socket(family, unix.SOCK_STREAM, 0)
		report(name, err)
		_ = unix.Close(fd)
	}

	report("before", readSelf())
	if _, err := loadFilter(false); err != nil {
		return err
	}
	raw("unshare", unix.SYS_UNSHARE, unix.CLONE_NEWUSER, 0, 0, 0)
	raw("mount", unix.SYS_MOUNT, 0, 0, 0, 0)
	raw("io_uring", unix.SYS_IO_URING_SETUP, 1, 0, 0, 0)
	raw("clone3", unix.SYS_CLONE3, 0, 0, 0, 0)
	raw("clone", unix.SYS_CLONE, unix.CLONE_NEWUSER|uintptr(unix.SIGCHLD), 0, 0, 0)
	raw("unassigned", 500, 0, 0, 0, 0)
	socket("alg", unix.AF_ALG)
	socket("vsock", unix.AF_VSOCK)
	socket("unix", unix.AF_UNIX)
	raw("tiocsti", unix.SYS_IOCTL, ^uintptr(0), unix.TIOCSTI, 0, 0)
	raw("kill", unix.SYS_KILL, 1, 0, 0, 0)
	raw("kill0", unix.SYS_KILL, uintptr(os.Getpid()), 0, 0, 0)
	raw("prlimit", unix.SYS_PRLIMIT64, 1, unix.RLIMIT_NOFILE, 0, 0)
	raw("prlimit0", unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NOFILE, 0, 0)
	raw("listener", unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, 0, 0)
	raw("plainfilter", unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, 0, 0)
	report("read", readSelf())
	report("write", writeTemp())
	return nil
}

func readSelf() error {
	_, err := os.ReadFile("/proc/self/status")
	return err
}

func writeTemp() error {
	f, err := os.CreateTemp("", "seccomp")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	return f.Close()
}

// TestKernelNotifies holds that a trapped call reaches a listener, and that
// reading does not.
func TestKernelNotifies(t *testing.T) {
	eachUser(t, func(t *testing.T, attr *syscall.SysProcAttr) {
		cmd := child(t, "notify")
		cmd.SysProcAttr = attr
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		want := map[string]string{"read": "<nil>", "trapped": "mkdirat", "answer": "EXDEV", "outside": "true"}
		if diff := cmp.Diff(want, lines(out)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

// notifyOnce makes a directory under the filter and refuses it from outside.
func notifyOnce() error {
	listener, err := loadFilter(true)
	if err != nil {
		return err
	}
	fmt.Println("read", readSelf()) // it would wait for ever
	const dir = "/tmp/no-such-directory/either"
	supervised := make(chan error)
	go func() { supervised <- refuseNext(listener, unix.EXDEV) }()
	errno, _ := errors.AsType[syscall.Errno](unix.Mkdirat(unix.AT_FDCWD, dir, 0o777))
	fmt.Println("answer", unix.ErrnoName(errno))
	_, err = os.Stat(dir)
	fmt.Println("outside", os.IsNotExist(err))
	return <-supervised
}

// refuseNext answers one notification. It runs on another thread, which has no
// filter: Go does not clone threads from a locked one.
func refuseNext(listener int, e syscall.Errno) error {
	var request struct {
		id         uint64
		pid, flags uint32
		nr         int32
		arch       uint32
		rest       [7]uint64
	}
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_RECV, uintptr(unsafe.Pointer(&request))); errno != 0 {
		return errno
	}
	name := "another"
	if request.nr == unix.SYS_MKDIRAT {
		name = "mkdirat"
	}
	fmt.Println("trapped", name)
	response := struct {
		id    uint64
		val   int64
		err   int32
		flags uint32
	}{id: request.id, err: -int32(e)}
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_SEND, uintptr(unsafe.Pointer(&response))); errno != 0 {
		return errno
	}
	return nil
}

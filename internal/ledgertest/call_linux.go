// SPDX-License-Identifier: MIT

package ledgertest

import (
	"os/exec"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/seccomp"
)

// kept holds what system calls are given the addresses of.
var kept [][]byte

// str is the address of a string with a NUL, for as long as the program runs.
func str(s string) uintptr { return mem(append([]byte(s), 0)) }

// mem is the address of bytes.
func mem(b []byte) uintptr {
	kept = append(kept, b)
	return uintptr(unsafe.Pointer(&b[0]))
}

// room is the address of a page of zeros.
func room() uintptr { return mem(make([]byte, 4096)) }

// sys makes a system call by its name.
func sys(name string, args ...uintptr) (uintptr, error) {
	nr, ok := seccomp.Number(seccomp.NativeArch(), name)
	if !ok {
		return 0, errAbsent
	}
	return number(uintptr(nr), args...)
}

func number(nr uintptr, args ...uintptr) (uintptr, error) {
	var a [6]uintptr
	copy(a[:], args)
	r, _, errno := unix.Syscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5])
	if errno != 0 {
		return r, errno
	}
	return r, nil
}

// makes is a try's action that is one system call.
func makes(name string, args ...uintptr) func() (string, error) {
	return func() (string, error) {
		_, err := sys(name, args...)
		return "", err
	}
}

// at is AT_FDCWD as an argument.
var at = func() uintptr { fd := unix.AT_FDCWD; return uintptr(fd) }()

// wrap is an action that sees nothing.
func wrap(do func() error) func() (string, error) {
	return func() (string, error) { return "", do() }
}

// opens is an action that opens a file by openat(2).
func opens(path string, flags int) func() (string, error) {
	return func() (string, error) {
		fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0o644)
		if err == nil {
			unix.Close(fd)
		}
		return "", err
	}
}

// put writes a file, in whatever way it may be opened.
func put(path, content string) error {
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_CREAT|unix.O_CLOEXEC, 0o644)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = unix.Write(fd, []byte(content))
	return err
}

func puts(path string) func() (string, error) {
	return wrap(func() error { return put(path, "attacked") })
}

// cat reads the beginning of a file.
func cat(path string) (string, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	buf := make([]byte, 4096)
	n, err := unix.Read(fd, buf)
	return strings.TrimSpace(string(buf[:max(n, 0)])), err
}

func cats(path string) func() (string, error) {
	return func() (string, error) { return cat(path) }
}

// again executes the attacker as one of its helpers, and gives what that printed.
func again(helper string, args ...string) (string, error) {
	out, err := exec.Command("/proc/self/exe", append([]string{attackArg, helper}, args...)...).Output()
	return strings.TrimSpace(string(out)), err
}

// address is where bytes lie.
func address(b []byte) uintptr { return uintptr(unsafe.Pointer(&b[0])) }

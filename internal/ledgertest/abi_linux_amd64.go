// SPDX-License-Identifier: MIT

package ledgertest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// foreignABIs are the two other entries to the kernel of this CPU: x32, whose
// numbers have bit 30, and that of 32-bit programs.
func foreignABIs() []try {
	const x32 = 1 << 30
	return []try{
		attempt("each number of x32 up to 1023", "ENOSYS", func() (string, error) {
			for nr := range uintptr(1024) {
				if _, err := number(nr | x32); err != unix.ENOSYS {
					return "", fmt.Errorf("%d: %w", nr, err)
				}
			}
			return "", unix.ENOSYS
		}),
		attempt("each number by int 0x80 up to 1023", "ENOSYS|no such entry", int80s),
		attempt("a program of 32 bits", "ended|EINVAL|ENOEXEC", program32),
	}
}

// int80 makes a system call without arguments by the entry for 32-bit programs.
func int80(nr uint32) int32

// int80s does so in a child, since the kernel may have no such entry.
func int80s() (string, error) {
	out, err := again("int80")
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signaled() || errors.As(err, &exit) && exit.ExitCode() == 2 {
		return "no such entry", nil
	}
	if err != nil {
		return "", err
	}
	if out != "ENOSYS" {
		return "", errors.New(out)
	}
	return "", unix.ENOSYS
}

func init() {
	helpers["int80"] = func() int {
		for nr := range uint32(1024) {
			if r := int80(nr); r != -int32(unix.ENOSYS) {
				fmt.Printf("%d is %d\n", nr, r)
				return 0
			}
		}
		fmt.Println("ENOSYS")
		return 0
	}
}

// program32 executes a program of 32 bits that exits with 7, if it may.
func program32() (string, error) {
	code := []byte{
		0xb8, 1, 0, 0, 0, // mov eax, SYS_exit
		0xbb, 7, 0, 0, 0, // mov ebx, 7
		0xcd, 0x80, // int 0x80
		0x0f, 0x0b, // ud2
	}
	header := []byte{
		0x7f, 'E', 'L', 'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		2, 0, 3, 0, 1, 0, 0, 0, 0x54, 0x80, 0x04, 0x08, 0x34, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0x34, 0, 0x20, 0, 1, 0, 0, 0, 0, 0, 0, 0,
		1, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x04, 0x08, 0, 0x80, 0x04, 0x08,
		byte(0x54 + len(code)), 0, 0, 0, byte(0x54 + len(code)), 0, 0, 0, 5, 0, 0, 0, 0, 0x10, 0, 0,
	}
	fd, err := unix.MemfdCreate("program", 0)
	if err != nil {
		return "", err
	}
	f := os.NewFile(uintptr(fd), "program")
	defer f.Close()
	if _, err := f.Write(append(header, code...)); err != nil {
		return "", err
	}
	_, err = exec.Command(fmt.Sprintf("/proc/self/fd/%d", fd)).CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil, errors.As(err, &exit) && exit.ExitCode() == 7:
		return "", errors.New("its system call was carried out")
	case errors.As(err, &exit):
		return "ended", nil
	}
	return "", err
}

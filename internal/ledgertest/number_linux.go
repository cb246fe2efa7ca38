// SPDX-License-Identifier: MIT

package ledgertest

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/seccomp"
)

// ioUring are the calls by which a ring is had.
func ioUring() []try {
	return []try{
		attempt("io_uring_setup", "ENOSYS", makes("io_uring_setup", 8, room())),
		attempt("io_uring_enter", "ENOSYS", makes("io_uring_enter", 0, 1, 0, 0)),
		attempt("io_uring_register", "ENOSYS", makes("io_uring_register", 0, 0, 0, 0)),
	}
}

// unclassifiedNumbers calls every number that is to be refused, in and beyond the
// table, with no arguments, and compares the errno with the policy's.
func unclassifiedNumbers() []try {
	return []try{
		attempt("each number that the policy refuses, up to 8191, and at the edges of a word", "as designed", func() (string, error) {
			return swept(func(v seccomp.Verdict) (unix.Errno, bool) {
				return unix.Errno(v.Otherwise.Errno), len(v.Clauses) == 0 && v.Otherwise.Class == seccomp.Deny
			})
		}),
		attempt("each number that is the guard's, when it is gone", "as designed", func() (string, error) {
			if told.Mode != guardGone {
				return "as designed", nil // they are what the other rows are about
			}
			return swept(func(v seccomp.Verdict) (unix.Errno, bool) {
				return unix.ENOSYS, v.Otherwise.Class == seccomp.Notify
			})
		}),
	}
}

// swept calls the numbers that which wants an errno of.
func swept(which func(seccomp.Verdict) (unix.Errno, bool)) (string, error) {
	numbers := []uint32{0xffffffff, 0xfffffffe, 0x80000000, 0x7fffffff, 0x3fffffff, 0x10000, 0xffff, 0xf0001, 0xf0005}
	for nr := range uint32(8192) {
		numbers = append(numbers, nr)
	}
	count := 0
	var wrong []string
	for _, nr := range numbers {
		verdict, _ := seccomp.Classify(seccomp.NativeArch(), nr)
		want, ok := which(verdict)
		if !ok {
			continue
		}
		if want == 0 {
			want = unix.ENOSYS
		}
		count++
		var errno syscall.Errno
		if _, err := number(uintptr(nr)); !errors.As(err, &errno) || errno != want {
			wrong = append(wrong, fmt.Sprintf("%d (%s): %v", nr, seccomp.Name(seccomp.NativeArch(), nr), err))
		}
	}
	if len(wrong) > 0 || count < 20 {
		return "", fmt.Errorf("of %d numbers, %s", count, strings.Join(wrong, ", "))
	}
	return "as designed", nil
}

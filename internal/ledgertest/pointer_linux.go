// SPDX-License-Identifier: MIT

package ledgertest

import (
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// pointerRewritten has the memory that a call names rewritten while the guard, or
// the kernel after it, reads that.
func pointerRewritten() []try {
	const n = 5
	return []try{
		attempt("a path of level write becomes one of level read", "held", func() (string, error) {
			return raced(rewrite(n, ws+"/mix/wead", ws+"/mix/read", true), has(ws+"/mix/read", "read"))
		}),
		attempt("a path of level write becomes one of level none", "held", func() (string, error) {
			return raced(rewrite(n, ws+"/mix/wone", ws+"/mix/none", true), lacks(ws+"/mix/none"))
		}),
		attempt("a path of level write becomes one of level view", "held", func() (string, error) {
			return raced(rewrite(n, ws+"/mix/wiew", ws+"/mix/view", true), closed(ws+"/mix/view"))
		}),
		attempt("a path outside, which the kernel goes on with, becomes one of level read", "held", func() (string, error) {
			// The first eight bytes differ, which are written at once.
			_ = unix.Mkdir("/tmp/.ce", 0o755)
			_ = unix.Mkdir("/tmp/.ce/mix", 0o755)
			return raced(rewrite(n, "/tmp/./.ce/mix/read", ws+"/mix/read", false), has(ws+"/mix/read", "read"))
		}),
		attempt("the flags of openat2, from reading to truncating", "held", func() (string, error) {
			return raced(rewriteFlags(n), has(ws+"/mix/read", "read"))
		}),
	}
}

// rewrite makes changes by a path in memory, whose first word with a difference is
// rewritten all the time.
func rewrite(n int, good, bad string, create bool) error {
	buf := make([]uint64, 8)
	path := unsafe.Slice((*byte)(unsafe.Pointer(&buf[0])), 64)
	first := 0
	for good[first] == bad[first] {
		first++
	}
	word := first / 8
	copy(path, bad)
	words := [2]uint64{0, buf[word]}
	copy(path, good)
	words[0] = buf[word]
	addr := uintptr(unsafe.Pointer(&buf[0]))
	if create {
		_ = put(good, "w")
	}
	err := race(n, func(i int) {
		atomic.StoreUint64(&buf[word], words[i%2])
	}, func() []error { return changes(addr) })
	kept = append(kept, path)
	return err
}

// changes are all kinds of changes of the file that a path in memory names. What
// takes the file away brings another.
func changes(path uintptr) (errs []error) {
	do := func(name string, args ...uintptr) {
		_, err := sys(name, args...)
		errs = append(errs, err)
	}
	fd, err := sys("openat", at, path, unix.O_WRONLY|unix.O_CREAT|unix.O_NONBLOCK|unix.O_CLOEXEC, 0o644)
	if err == nil {
		_, err = unix.Write(int(fd), []byte("attacked"))
		unix.Close(int(fd))
	}
	errs = append(errs, err)
	do("truncate", path, 3)
	do("fchmodat", at, path, 0o600, 0)
	do("utimensat", at, path, 0, 0)
	do("setxattr", path, attackName, attackName, 1, 0)
	do("linkat", at, path, at, moved, 0)
	do("unlinkat", at, moved, 0)
	do("renameat2", at, path, at, moved, 0)
	do("renameat2", at, moved, at, path, 0)
	do("unlinkat", at, path, 0)
	do("symlinkat", elsewhere, at, path)
	do("unlinkat", at, path, 0)
	do("mkdirat", at, path, 0o755)
	do("unlinkat", at, path, unix.AT_REMOVEDIR)
	do("mknodat", at, path, unix.S_IFIFO|0o600, 0)
	do("unlinkat", at, path, 0)
	return errs
}

var (
	attackName = str("user.x")
	moved      = str(ws + "/write/moved")
	elsewhere  = str("elsewhere")
)

// rewriteFlags opens a file of level read by openat2(2) while its flags change.
func rewriteFlags(n int) error {
	how := unix.OpenHow{Flags: unix.O_RDONLY | unix.O_CLOEXEC}
	size := unsafe.Sizeof(how)
	addr, path := uintptr(unsafe.Pointer(&how)), str(ws+"/mix/read")
	flags := [2]uint64{how.Flags, unix.O_RDWR | unix.O_TRUNC | unix.O_CLOEXEC}
	err := race(n, func(i int) {
		atomic.StoreUint64(&how.Flags, flags[i%2])
	}, func() []error {
		fd, err := sys("openat2", at, path, addr, size)
		if err == nil {
			_, _ = unix.Write(int(fd), []byte("attacked"))
			unix.Close(int(fd))
		}
		return []error{err}
	})
	_ = how.Flags
	return err
}

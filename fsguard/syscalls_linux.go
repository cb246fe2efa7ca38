// SPDX-License-Identifier: MIT

package fsguard

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

var empty = unsafe.Pointer(new([1]byte))

// setTimes is utimensat(2) on a descriptor that may be O_PATH. Nil times are now.
func setTimes(fd int, times *[2]unix.Timespec) error {
	_, _, errno := unix.Syscall6(unix.SYS_UTIMENSAT, uintptr(fd), uintptr(empty), uintptr(unsafe.Pointer(times)), unix.AT_EMPTY_PATH, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

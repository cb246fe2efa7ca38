// SPDX-License-Identifier: MIT

package wire

import (
	"errors"
	"syscall"
)

// errnos are the words for what a system call may answer, errno(3).
var errnos = map[syscall.Errno]string{
	syscall.ENOENT: "ENOENT", syscall.EACCES: "EACCES", syscall.EPERM: "EPERM", syscall.EEXIST: "EEXIST", syscall.EISDIR: "EISDIR",
	syscall.ENOTDIR: "ENOTDIR", syscall.ENOTEMPTY: "ENOTEMPTY", syscall.ELOOP: "ELOOP", syscall.ENAMETOOLONG: "ENAMETOOLONG",
	syscall.EROFS: "EROFS", syscall.EFBIG: "EFBIG", syscall.ENOSPC: "ENOSPC", syscall.EDQUOT: "EDQUOT", syscall.EINVAL: "EINVAL",
	syscall.EBUSY: "EBUSY", syscall.EXDEV: "EXDEV", syscall.ETXTBSY: "ETXTBSY", syscall.E2BIG: "E2BIG", syscall.EIO: "EIO",
}

func errnoName(e syscall.Errno) string { return errnos[e] }

// errnoOf is the word for an error that is one of errno(3); "" if it is none.
func errnoOf(err error) string {
	var e syscall.Errno
	if errors.As(err, &e) {
		return errnos[e]
	}
	return ""
}

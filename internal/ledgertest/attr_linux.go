// SPDX-License-Identifier: MIT

package ledgertest

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// emptyPaths change a file by a descriptor that gives no right to.
func emptyPaths() []try {
	var tries []try
	for _, f := range []struct {
		name, path string
		flags      int
	}{
		{"level read, for reading", ws + "/read/file", unix.O_RDONLY},
		{"level read, its path", ws + "/read/file", unix.O_PATH},
		{"level view, its path", ws + "/mix/view", unix.O_PATH},
	} {
		on := func(call string, args func(fd uintptr) []uintptr) func() (string, error) {
			return func() (string, error) {
				fd, err := unix.Open(f.path, f.flags|unix.O_CLOEXEC, 0)
				if err != nil {
					return "", err
				}
				defer unix.Close(fd)
				_, err = sys(call, args(uintptr(fd))...)
				return "", err
			}
		}
		link := func(fd uintptr) uintptr { return str(fmt.Sprintf("/proc/self/fd/%d", fd)) }
		const held = "EROFS|EBADF|ENOSYS|EPERM|EACCES"
		for _, c := range []struct {
			name string
			do   func() (string, error)
		}{
			{"fchmodat2 with AT_EMPTY_PATH", on("fchmodat2", func(fd uintptr) []uintptr { return []uintptr{fd, str(""), 0o666, unix.AT_EMPTY_PATH} })},
			{"fchownat with AT_EMPTY_PATH", on("fchownat", func(fd uintptr) []uintptr { return []uintptr{fd, str(""), 1, 1, unix.AT_EMPTY_PATH} })},
			{"utimensat with AT_EMPTY_PATH", on("utimensat", func(fd uintptr) []uintptr { return []uintptr{fd, str(""), 0, unix.AT_EMPTY_PATH} })},
			{"utimensat without a path", on("utimensat", func(fd uintptr) []uintptr { return []uintptr{fd, 0, 0, 0} })},
			{"fchmod", on("fchmod", func(fd uintptr) []uintptr { return []uintptr{fd, 0o666} })},
			{"chmod by /proc/self/fd", on("fchmodat", func(fd uintptr) []uintptr { return []uintptr{at, link(fd), 0o666} })},
			{"truncate by /proc/self/fd", on("truncate", func(fd uintptr) []uintptr { return []uintptr{link(fd), 1} })},
			{"setxattr by /proc/self/fd", on("setxattr", func(fd uintptr) []uintptr { return []uintptr{link(fd), attackName, attackName, 1, 0} })},
			{"fsetxattr", on("fsetxattr", func(fd uintptr) []uintptr { return []uintptr{fd, attackName, attackName, 1, 0} })},
			{"setxattrat", on("setxattrat", func(fd uintptr) []uintptr { return []uintptr{fd, str(""), unix.AT_EMPTY_PATH, attackName, room(), 24} })},
			{"fremovexattr", on("fremovexattr", func(fd uintptr) []uintptr { return []uintptr{fd, attackName} })},
		} {
			tries = append(tries, guarded(c.name+", "+f.name, held, "ENOSYS", c.do))
		}
		tries = append(tries,
			attempt("ftruncate, "+f.name, "EINVAL|EBADF", on("ftruncate", func(fd uintptr) []uintptr { return []uintptr{fd, 1} })),
			attempt("fallocate, "+f.name, "EBADF", on("fallocate", func(fd uintptr) []uintptr { return []uintptr{fd, 0, 0, 10} })),
			attempt("flags of the file, "+f.name, "EROFS|EBADF|EPERM|EACCES|ENOTTY", on("ioctl", func(fd uintptr) []uintptr { return []uintptr{fd, unix.FS_IOC_SETFLAGS, room()} })),
			attempt("a copy into it, "+f.name, "EBADF", on("copy_file_range", func(fd uintptr) []uintptr { return []uintptr{fd, 0, fd, 0, 1, 0} })),
		)
	}
	return append(tries,
		guarded("chmod of level view", "EROFS", "ENOSYS", wrap(func() error { return unix.Chmod(ws+"/mix/view", 0o644) })),
		attempt("reading level view after all that", "EACCES", cats(ws+"/mix/view")),
	)
}

// SPDX-License-Identifier: MIT

package ledgertest

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// hardLinks would give a file that must not be written a name at which it may be.
func hardLinks() []try {
	to := ws + "/write/linked"
	byFD := func(path string, flags int) func() (string, error) {
		return func() (string, error) {
			fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0)
			if err != nil {
				return "", err
			}
			defer unix.Close(fd)
			return "", unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", fd), unix.AT_FDCWD, to, unix.AT_SYMLINK_FOLLOW)
		}
	}
	empty := func() (string, error) {
		fd, err := unix.Open(ws+"/read/file", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return "", err
		}
		defer unix.Close(fd)
		return "", unix.Linkat(fd, "", unix.AT_FDCWD, to, unix.AT_EMPTY_PATH)
	}
	link := func(path string) func() (string, error) {
		return wrap(func() error { return unix.Link(path, to) })
	}
	return []try{
		guarded("of level read", "EROFS|EXDEV", "ENOSYS", link(ws+"/read/file")),
		guarded("of level view", "EROFS|EPERM|EXDEV", "ENOSYS", link(ws+"/mix/view")),
		guarded("of level none", "ENOENT", "ENOSYS", link(ws+"/mix/none")),
		guarded("of a system file", "EXDEV|EROFS", "ENOSYS", link("/etc/passwd")),
		guarded("onto a name of level read", "EROFS|EXDEV", "ENOSYS", wrap(func() error { return unix.Link(ws+"/write/file", ws+"/read/linked") })),
		guarded("by a descriptor for reading", "EROFS|EXDEV", "ENOSYS", byFD(ws+"/read/file", unix.O_RDONLY)),
		guarded("by a descriptor of the path of level view", "EROFS|EPERM|EXDEV", "ENOSYS", byFD(ws+"/mix/view", unix.O_PATH)),
		guarded("by a descriptor and AT_EMPTY_PATH", "EROFS|EXDEV|ENOENT", "ENOSYS", empty),
		guarded("by the oldest call", "EROFS|EXDEV", "ENOSYS", makes("link", str(ws+"/read/file"), str(to))),
	}
}

// parentRenames would bring a file beneath a directory of another level.
func parentRenames() []try {
	rename := func(from, to string, flags uint) func() (string, error) {
		return wrap(func() error { return unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, flags) })
	}
	within := func() (string, error) {
		if err := os.MkdirAll(ws+"/write/parent/child", 0o755); err != nil {
			return "", err
		}
		if err := unix.Chdir(ws + "/write/parent/child"); err != nil {
			return "", err
		}
		defer func() { _ = unix.Chdir(ws) }()
		if err := unix.Rename(ws+"/write/parent", ws+"/mix/parent"); err != nil {
			return "", err
		}
		defer func() { _ = unix.Rename(ws+"/mix/parent", ws+"/write/parent") }()
		// From here ".." is a directory of /mix, and its neighbours are others.
		return "", put("../../read", "attacked")
	}
	return []try{
		guarded("a directory of all levels to one of level write", "EXDEV", "ENOSYS", rename(ws+"/mix", ws+"/write/mix", 0)),
		guarded("a directory of level read to one of level write", "EROFS|EXDEV", "ENOSYS", rename(ws+"/read", ws+"/write/read", 0)),
		guarded("a directory of level view to one of level write", "EROFS|EXDEV", "ENOSYS", rename(ws+"/view", ws+"/write/view", 0)),
		guarded("a directory of level none", "ENOENT|EROFS", "ENOSYS", rename(ws+"/none", ws+"/write/none", 0)),
		guarded("a file of level read to one of level write", "EROFS", "ENOSYS", rename(ws+"/mix/read", ws+"/mix/made", 0)),
		guarded("a file of level view to one of level write", "EROFS", "ENOSYS", rename(ws+"/mix/view", ws+"/mix/made", 0)),
		guarded("a file onto one of level read", "EROFS", "ENOSYS", rename(ws+"/write/file", ws+"/mix/read", 0)),
		guarded("a file onto one of level none", "EROFS", "ENOSYS", rename(ws+"/write/file", ws+"/mix/none", 0)),
		guarded("an exchange with level read", "EROFS|EXDEV", "ENOSYS", rename(ws+"/write/d", ws+"/read/a", unix.RENAME_EXCHANGE)),
		guarded("a directory of level write into one of level read", "EROFS|EXDEV", "ENOSYS", rename(ws+"/write/d", ws+"/read/d", 0)),
		guarded("the workspace", "EBUSY|EXDEV|EROFS|EACCES", "ENOSYS", rename(ws, "/tmp/ws", 0)),
		guarded("a parent, while a process is in it, and then by ..", "EROFS", "ENOSYS", within),
	}
}

// fileHandles would open a file past the directories above it.
func fileHandles() []try {
	handle := func(path string) func() (string, error) {
		return func() (string, error) {
			h := make([]byte, 4+4+128)
			h[0] = 128
			_, err := sys("name_to_handle_at", at, str(path), mem(h), room(), 0)
			return "", err
		}
	}
	open := func(path string) func() (string, error) {
		return func() (string, error) {
			fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
			if err != nil {
				return "", err
			}
			defer unix.Close(fd)
			h := make([]byte, 4+4+128)
			h[0], h[4] = 8, 1
			_, err = sys("open_by_handle_at", uintptr(fd), mem(h), unix.O_RDWR)
			return "", err
		}
	}
	return []try{
		attempt("open_by_handle_at in the workspace", "EPERM", open(ws)),
		attempt("open_by_handle_at in /etc", "EPERM", open("/etc")),
		attempt("open_by_handle_at in /tmp", "EPERM", open("/tmp")),
		attempt("name_to_handle_at of level none", "ENOENT|EPERM", handle(ws+"/mix/none")),
		attempt("name_to_handle_at of level read, which opens nothing", "ok|EPERM|EOPNOTSUPP|EOVERFLOW", handle(ws+"/mix/read")),
	}
}

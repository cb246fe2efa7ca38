// SPDX-License-Identifier: MIT

package commit

import (
	"golang.org/x/sys/unix"
)

// calls are the system calls that change something. A test can make one of
// them fail.
type calls struct{ fault func(call string) error }

func (c calls) do(name string, call func() error) error {
	if c.fault != nil {
		if err := c.fault(name); err != nil {
			return err
		}
	}
	return uninterrupted(call)
}

func uninterrupted(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}

func (c calls) create(dir int, name string, perm uint32) (fd int, err error) {
	err = c.do("create", func() error {
		fd, err = unix.Openat(dir, name, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, perm)
		return err
	})
	return fd, err
}

func (c calls) mkdir(dir int, name string) error {
	return c.do("mkdir", func() error { return unix.Mkdirat(dir, name, 0o700) })
}

func (c calls) symlink(text string, dir int, name string) error {
	return c.do("symlink", func() error { return unix.Symlinkat(text, dir, name) })
}

func (c calls) link(from int, name string, to int, newName string) error {
	return c.do("link", func() error { return unix.Linkat(from, name, to, newName, 0) })
}

func (c calls) rename(from int, name string, to int, newName string, flags uint) error {
	call := "rename"
	if flags != 0 {
		call = "renameat2"
	}
	return c.do(call, func() error { return unix.Renameat2(from, name, to, newName, flags) })
}

func (c calls) unlink(dir int, name string) error {
	return c.do("unlink", func() error { return unix.Unlinkat(dir, name, 0) })
}

func (c calls) rmdir(dir int, name string) error {
	return c.do("rmdir", func() error { return unix.Unlinkat(dir, name, unix.AT_REMOVEDIR) })
}

func (c calls) chown(dir int, name string, uid, gid int) error {
	return c.do("chown", func() error { return unix.Fchownat(dir, name, uid, gid, unix.AT_SYMLINK_NOFOLLOW) })
}

// fchown and chmod take an O_PATH descriptor, which fchown(2) and fchmod(2) refuse.
func (c calls) fchown(fd, uid, gid int) error {
	return c.do("chown", func() error { return unix.Fchownat(fd, "", uid, gid, unix.AT_EMPTY_PATH) })
}

func (c calls) chmod(fd int, perm uint32) error {
	return c.do("chmod", func() error { return unix.Fchmodat(unix.AT_FDCWD, proc(fd), perm, 0) })
}

func (c calls) fchmod(fd int, perm uint32) error {
	return c.do("chmod", func() error { return unix.Fchmod(fd, perm) })
}

func (c calls) times(dir int, name string, mtime int64, flags int) error {
	t := unix.NsecToTimespec(mtime)
	return c.do("utimens", func() error { return unix.UtimesNanoAt(dir, name, []unix.Timespec{t, t}, flags) })
}

// futimens is times of an open file, without its name being looked up.
func (c calls) futimens(fd int, mtime int64) error {
	return c.times(fd, "", mtime, unix.AT_EMPTY_PATH)
}

// syncfs makes the file system that holds fd durable; fd is not one of O_PATH.
func (c calls) syncfs(fd int) error {
	return c.do("syncfs", func() error { return unix.Syncfs(fd) })
}

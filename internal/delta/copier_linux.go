// SPDX-License-Identifier: MIT

package delta

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/copyfile"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// errSkipped says of a file that it is of a kind which is not copied: a device
// that is no whiteout.
var errSkipped = errors.New("not copied")

// copier copies files one by one.
type copier struct {
	content copyfile.Copier
	owner   tree.Owner        // of the copies; if unset, root keeps the owners
	xattrs  func(string) bool // those that are copied
	// intrudes says that files which keep their owner out are opened up for a
	// moment. Without it they cannot be copied but by root.
	intrudes bool
}

// copy copies the file behind an O_PATH descriptor, which is no directory, to a
// new name.
func (c *copier) copy(fd int, st *unix.Stat_t, dst int, to string) error {
	switch kind := st.Mode & unix.S_IFMT; {
	case kind == unix.S_IFREG:
		return c.regular(fd, st, dst, to)
	case kind == unix.S_IFLNK:
		return c.link(fd, st, dst, to)
	case kind == unix.S_IFIFO, kind == unix.S_IFSOCK, kind == unix.S_IFCHR && st.Rdev == 0:
		if err := unix.Mknodat(dst, to, kind|0o600, 0); err != nil {
			return err
		}
		return c.attributes(st).setAt(dst, to, false)
	}
	return errSkipped
}

// copyAt copies what has a name in a directory, unless it is a directory.
func (c *copier) copyAt(src int, name string, dst int, to string) error {
	fd, err := openAt(src, name, unix.O_PATH)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	return c.copy(fd, &st, dst, to)
}

func (c *copier) regular(path int, st *unix.Stat_t, dst int, to string) error {
	in, err := c.open(path, st)
	if err != nil {
		return err
	}
	if in >= 0 {
		defer unix.Close(in)
	}
	return create(dst, to, c.attributes(st), func(out int) error {
		if in < 0 {
			return unix.Ftruncate(out, st.Size)
		}
		if err := c.content.Data(in, out, st, nil); err != nil {
			return err
		}
		return copyXattrs(in, out, c.xattrs)
	})
}

// open opens a regular file for reading by its O_PATH descriptor. It returns -1
// for one that holds nothing and lets nobody in: a placeholder.
func (c *copier) open(path int, st *unix.Stat_t) (int, error) {
	const flags = unix.O_RDONLY | unix.O_NONBLOCK | unix.O_NOCTTY
	fd, err := openAt(unix.AT_FDCWD, self(path), flags)
	switch {
	case err != unix.EACCES:
		return fd, err
	case st.Blocks == 0:
		return -1, nil
	case !c.intrudes:
		return -1, err
	}
	if _, err := permit(path, st); err != nil {
		return -1, err
	}
	defer withdraw(path, st)
	return openAt(unix.AT_FDCWD, self(path), flags)
}

// openAt opens a file. A symbolic link is followed only if it is one of /proc.
func openAt(dirfd int, name string, flags int) (int, error) {
	if dirfd != unix.AT_FDCWD {
		flags |= unix.O_NOFOLLOW
	}
	for {
		fd, err := unix.Openat(dirfd, name, flags|unix.O_CLOEXEC, 0)
		if err != unix.EINTR {
			return fd, err
		}
	}
}

// create makes a regular file, which is removed if it does not become what it
// should be.
func create(dst int, to string, a *attributes, fill func(out int) error) error {
	out, err := unix.Openat(dst, to, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	defer unix.Close(out)
	if err = fill(out); err == nil {
		err = a.set(out)
	}
	if err != nil {
		_ = unix.Unlinkat(dst, to, 0)
	}
	return err
}

// whiteout makes a whiteout. It is the owner's, as what it stands for: else it
// could not be replaced in a directory with the sticky bit.
func (c *copier) whiteout(dirfd int, name string) error {
	if err := unix.Mknodat(dirfd, name, unix.S_IFCHR, 0); err != nil || !c.owner.Set() {
		return err
	}
	return unix.Fchownat(dirfd, name, c.owner.UID, c.owner.GID, unix.AT_SYMLINK_NOFOLLOW)
}

func (c *copier) link(path int, st *unix.Stat_t, dst int, to string) error {
	var buf [unix.PathMax]byte
	n, err := unix.Readlinkat(path, "", buf[:])
	if err != nil {
		return err
	}
	if err := unix.Symlinkat(string(buf[:n]), dst, to); err != nil {
		return err
	}
	return c.attributes(st).setAt(dst, to, true)
}

// finishDir gives a directory that was made the attributes of another. What it
// holds has to be finished before. The descriptors may be of O_PATH.
func (c *copier) finishDir(src, dst int, name string) error {
	var st unix.Stat_t
	if err := unix.Fstat(src, &st); err != nil {
		return err
	}
	fd, err := openAt(dst, name, unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := copyXattrs(src, fd, c.xattrs); err != nil {
		return err
	}
	return c.attributes(&st).setAt(dst, name, false)
}

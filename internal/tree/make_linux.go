// SPDX-License-Identifier: MIT

package tree

import (
	"golang.org/x/sys/unix"
)

// MakeDir makes the directory name beneath dirfd, open to its maker alone
// until FinishDir.
func MakeDir(dirfd int, name string) error {
	return unix.Mkdirat(dirfd, name, 0o700)
}

// FinishDir gives a directory that MakeDir made its owner, mode and time. What
// it holds has to be finished before.
func FinishDir(dirfd int, name string, e *Entry, owner Owner) error {
	if owner.Set() {
		if err := unix.Fchownat(dirfd, name, owner.UID, owner.GID, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return err
		}
	}
	if err := setTime(dirfd, name, e.ModTime); err != nil {
		return err
	}
	// Last, since it may close the directory to its maker, and "." with it.
	return unix.Fchmodat(dirfd, name, Perm(e.Mode), 0)
}

// MakeLink makes a symbolic link as e says.
func MakeLink(dirfd int, name string, e *Entry, owner Owner) error {
	if err := unix.Symlinkat(e.Link, dirfd, name); err != nil {
		return err
	}
	if owner.Set() {
		if err := unix.Fchownat(dirfd, name, owner.UID, owner.GID, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return err
		}
	}
	return setTime(dirfd, name, e.ModTime)
}

// MakePlaceholder makes what stands for a file that can be listed but not
// read: its size as a hole, its time, and a mode that lets nobody in.
func MakePlaceholder(dirfd int, name string, e *Entry, owner Owner) error {
	fd, err := retry(func() (int, error) {
		return unix.Openat(dirfd, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if e.Size > 0 {
		if err := unix.Ftruncate(fd, e.Size); err != nil {
			return err
		}
	}
	return FinishFile(fd, 0, e.ModTime, owner)
}

// FinishFile gives an open file its owner, permission bits and time.
func FinishFile(fd int, perm uint32, mtime int64, owner Owner) error {
	if owner.Set() {
		if err := unix.Fchown(fd, owner.UID, owner.GID); err != nil {
			return err
		}
	}
	if err := unix.Fchmod(fd, perm); err != nil {
		return err
	}
	return setTime(fd, "", mtime)
}

// setTime sets the modification time of name beneath dirfd, or of dirfd itself
// when name is empty. The access time becomes the same.
func setTime(dirfd int, name string, mtime int64) error {
	t := unix.NsecToTimespec(mtime)
	times := []unix.Timespec{t, t}
	if name != "" {
		return unix.UtimesNanoAt(dirfd, name, times, unix.AT_SYMLINK_NOFOLLOW)
	}
	return futimens(dirfd, times)
}

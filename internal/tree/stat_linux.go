// SPDX-License-Identifier: MIT

package tree

import (
	"io/fs"
	"math"

	"golang.org/x/sys/unix"
)

// set takes the attributes of st. Path and Link stay.
func (e *Entry) set(st *unix.Stat_t) {
	e.Mode = fileMode(st.Mode)
	e.Size = st.Size
	e.ModTime = st.Mtim.Nano()
	e.ChangeTime = st.Ctim.Nano()
	e.Ino = st.Ino
	e.Dev = uint64(st.Dev) //nolint:unconvert // its width depends on the architecture
	e.UID, e.GID = st.Uid, st.Gid
	e.Nlink = uint32(min(uint64(st.Nlink), math.MaxUint32)) //nolint:unconvert // its width depends on the architecture
}

// EntryOf makes an entry of what stat(2) said of path.
func EntryOf(path string, st *unix.Stat_t) Entry {
	e := Entry{Path: path}
	e.set(st)
	return e
}

// fileMode turns st_mode into a fs.FileMode.
func fileMode(mode uint32) fs.FileMode {
	m := fs.FileMode(mode & 0o777)
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
	case unix.S_IFDIR:
		m |= fs.ModeDir
	case unix.S_IFLNK:
		m |= fs.ModeSymlink
	case unix.S_IFIFO:
		m |= fs.ModeNamedPipe
	case unix.S_IFSOCK:
		m |= fs.ModeSocket
	case unix.S_IFBLK:
		m |= fs.ModeDevice
	case unix.S_IFCHR:
		m |= fs.ModeDevice | fs.ModeCharDevice
	default:
		m |= fs.ModeIrregular
	}
	if mode&unix.S_ISUID != 0 {
		m |= fs.ModeSetuid
	}
	if mode&unix.S_ISGID != 0 {
		m |= fs.ModeSetgid
	}
	if mode&unix.S_ISVTX != 0 {
		m |= fs.ModeSticky
	}
	return m
}

// StatAt examines name beneath dirfd, and reads where it leads if it is a
// symbolic link. Both are of one file, also where the name is given to others
// meanwhile.
func StatAt(dirfd int, name string, st *unix.Stat_t) (link string, err error) {
	_, err = retry(func() (int, error) {
		return 0, unix.Fstatat(dirfd, name, st, unix.AT_SYMLINK_NOFOLLOW)
	})
	if err != nil || st.Mode&unix.S_IFMT != unix.S_IFLNK {
		return "", err
	}
	fd, err := retry(func() (int, error) {
		return unix.Openat(dirfd, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	if err := unix.Fstat(fd, st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFLNK {
		return "", err
	}
	return ReadLink(fd, "", st.Size)
}

// ReadLink returns the target of the symbolic link name beneath dirfd, or of dirfd
// itself when name is empty; size is its st_size.
func ReadLink(dirfd int, name string, size int64) (string, error) {
	// One more than st_size, so that a longer target is noticed.
	for n := int(size) + 1; ; n *= 2 {
		buf := make([]byte, max(n, 64))
		got, err := retry(func() (int, error) { return unix.Readlinkat(dirfd, name, buf) })
		if err != nil {
			return "", err
		}
		if got < len(buf) {
			return string(buf[:got]), nil
		}
	}
}

// retry repeats a system call that a signal interrupted.
func retry(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err != unix.EINTR {
			return n, err
		}
	}
}

// SPDX-License-Identifier: MIT

package commit

import (
	"io/fs"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

const (
	// Without O_NOFOLLOW, so that a link as the last name is ELOOP as any other.
	pathFlags = unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC
	listFlags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC
	// readFlags never wait, follow nothing and acquire no terminal.
	readFlags = unix.O_RDONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC
	// maxResolve is how much of a path is resolved at once; openat2(2) takes
	// less than 4096 bytes.
	maxResolve = 3 << 10
)

func proc(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

// openRoot opens the target. That descriptor can be synced, too.
func openRoot(dir string) (fd int, e *tree.Entry, err error) {
	err = uninterrupted(func() error {
		fd, err = unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return -1, nil, &fs.PathError{Op: "open", Path: dir, Err: err}
	}
	if e, err = stat(fd, "", "/"); err != nil {
		unix.Close(fd)
		return -1, nil, &fs.PathError{Op: "stat", Path: dir, Err: err}
	}
	return fd, e, nil
}

// openBeneath opens the directory path beneath root. A symbolic link on the
// way is ELOOP, a file ENOTDIR.
func openBeneath(root int, path string, flags int) (int, error) {
	rest := strings.TrimPrefix(path, "/")
	if rest == "" {
		rest = "."
	}
	at := root
	for {
		part, how := rest, flags
		if len(rest) > maxResolve {
			end := strings.LastIndexByte(rest[:maxResolve], '/')
			if end < 0 {
				return -1, unix.ENAMETOOLONG
			}
			part, how = rest[:end], pathFlags
		}
		fd, err := resolve(at, part, how)
		if at != root {
			unix.Close(at)
		}
		if err != nil || len(part) == len(rest) {
			return fd, err
		}
		at, rest = fd, rest[len(part)+1:]
	}
}

func resolve(at int, path string, flags int) (int, error) {
	how := unix.OpenHow{
		Flags:   uint64(flags),
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	}
	for tries := 0; ; tries++ {
		fd, err := unix.Openat2(at, path, &how)
		// EAGAIN: something was renamed meanwhile.
		if err != unix.EINTR && (err != unix.EAGAIN || tries > 100) {
			return fd, err
		}
	}
}

// openParent opens the directory that holds path.
func openParent(root int, path string) (fd int, last string, err error) {
	dir, last := tree.Split(path)
	fd, err = openBeneath(root, dir, pathFlags)
	return fd, last, err
}

// blocked says why the way to a path is not one of directories; "" when err
// says something else.
func blocked(err error) string {
	switch err {
	case unix.ENOENT:
		return "its directory is not there"
	case unix.ENOTDIR:
		return "a directory on its path is a file now"
	case unix.ELOOP:
		return "a directory on its path is a symbolic link now"
	}
	return ""
}

// stat examines name beneath dir, or dir itself when name is empty. path is
// what the entry is given.
func stat(dir int, name, path string) (*tree.Entry, error) {
	var st unix.Stat_t
	flags := unix.AT_SYMLINK_NOFOLLOW
	if name == "" {
		flags |= unix.AT_EMPTY_PATH
	}
	if err := uninterrupted(func() error { return unix.Fstatat(dir, name, &st, flags) }); err != nil {
		return nil, err
	}
	e := tree.EntryOf(path, &st)
	return &e, nil
}

// examine finds path, the last name of which is name beneath dir. It is nil
// when nothing is there.
func examine(root, dir int, name, path string) (*File, error) {
	e, err := stat(dir, name, path)
	if err == unix.ENOENT {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if e.Mode&fs.ModeSymlink != 0 {
		if e.Link, err = tree.ReadLink(dir, name, e.Size); err != nil {
			return nil, err
		}
	}
	return &File{Entry: *e, open: func() (int, error) {
		dir, name, err := openParent(root, path)
		if err != nil {
			return -1, err
		}
		defer unix.Close(dir)
		return openRegular(dir, name)
	}}, nil
}

// openRegular opens a file for reading, which may be anything by now.
func openRegular(dir int, name string) (int, error) {
	fd, err := openAsIs(dir, name)
	if err != nil {
		return -1, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		unix.Close(fd)
		return -1, unix.EINVAL
	}
	return fd, nil
}

// openAsIs opens a file, whose type remains to be looked at.
func openAsIs(dir int, name string) (fd int, err error) {
	err = uninterrupted(func() error {
		fd, err = unix.Openat(dir, name, readFlags, 0)
		return err
	})
	return fd, err
}

// namesIn lists a directory beneath root.
func namesIn(root int, path string, buf []byte) ([]string, error) {
	fd, err := openBeneath(root, path, listFlags)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	return tree.Names(fd, "", buf)
}

// mountOf returns what tells the mounts of fd apart from others.
func mountOf(fd int) (uint64, error) {
	var st unix.Statx_t
	if err := unix.Statx(fd, "", unix.AT_EMPTY_PATH, unix.STATX_MNT_ID, &st); err != nil {
		return 0, err
	}
	return st.Mnt_id, nil
}

// SPDX-License-Identifier: MIT

package snapshot

import (
	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// attempts is how often a file that changes meanwhile is copied.
const attempts = 3

// sourceError is an error of the file that is copied, not of its copy.
type sourceError struct{ error }

func (e sourceError) Unwrap() error { return e.error }

// copyFile copies the regular file name from one directory to another. The
// item becomes what was copied, which may be newer than what was listed.
func (w *worker) copyFile(src, dst int, name string, it *item) (err error) {
	in, err := open(src, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return sourceError{err}
	}
	defer unix.Close(in)
	before, err := stat(in)
	if err != nil {
		return err
	}
	out, err := open(dst, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer unix.Close(out)
	defer func() {
		if err != nil {
			_ = unix.Unlinkat(dst, name, 0)
		}
	}()

	for range attempts {
		if err := w.cloner.data(in, out, &before, w.buf); err != nil {
			return err
		}
		after, err := stat(in)
		if err != nil {
			return err
		}
		if after.Size == before.Size && after.Mtim == before.Mtim && after.Ctim == before.Ctim {
			it.Entry = tree.EntryOf(it.Path, &after)
			copyAttributes(in, out)
			return tree.FinishFile(out, tree.Perm(it.Mode), it.ModTime, w.owner)
		}
		before = after
		if err := unix.Ftruncate(out, 0); err != nil {
			return err
		}
	}
	return ErrChanged
}

func open(dirfd int, name string, flags int, mode uint32) (int, error) {
	for {
		fd, err := unix.Openat(dirfd, name, flags|unix.O_CLOEXEC, mode)
		if err != unix.EINTR {
			return fd, err
		}
	}
}

// stat examines the open source file, which has to be a regular one.
func stat(fd int) (st unix.Stat_t, err error) {
	if err := unix.Fstat(fd, &st); err != nil {
		return st, sourceError{err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return st, sourceError{ErrSpecial}
	}
	return st, nil
}

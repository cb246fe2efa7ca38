// SPDX-License-Identifier: MIT

package copyfile

import "golang.org/x/sys/unix"

// attempts is how often a file that changes meanwhile is copied.
const attempts = 3

// Copy copies the regular file from, beneath the directory src, to the new file
// to, beneath dst. One that is written to meanwhile is tried three times; then
// the error is ErrChanged. An error of the source alone is a *SourceError. buf
// is scratch space of BufferSize.
//
// finish is called with the copy open, its extended attributes set, and what
// fstat(2) said of the source. After an error there is no copy.
func (c *Copier) Copy(src int, from string, dst int, to string, buf []byte, finish func(out int, st *unix.Stat_t) error) (err error) {
	in, err := open(src, from, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return &SourceError{err}
	}
	defer unix.Close(in)
	before, err := stat(in)
	if err != nil {
		return err
	}
	out, err := open(dst, to, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer unix.Close(out)
	defer func() {
		if err != nil {
			_ = unix.Unlinkat(dst, to, 0)
		}
	}()

	for range attempts {
		if err := c.Data(in, out, &before, buf); err != nil {
			return err
		}
		after, err := stat(in)
		if err != nil {
			return err
		}
		if after.Size == before.Size && after.Mtim == before.Mtim && after.Ctim == before.Ctim {
			copyAttributes(in, out)
			return finish(out, &after)
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
		return st, &SourceError{err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return st, &SourceError{ErrSpecial}
	}
	return st, nil
}

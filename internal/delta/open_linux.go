// SPDX-License-Identifier: MIT

package delta

import (
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// OpenContent opens a regular file of an upper directory, where the sandbox may have
// put something else in its place meanwhile: no symbolic link is followed, and what
// is no regular file is fs.ErrInvalid.
func OpenContent(upper *tree.Cursor, path string) (*os.File, error) {
	fail := func(err error) (*os.File, error) { return nil, &fs.PathError{Op: "open", Path: path, Err: err} }
	fd, err := layer{upper}.open(path, unix.O_RDONLY)
	if err != nil {
		return fail(err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		unix.Close(fd)
		return fail(unix.EINVAL)
	}
	return os.NewFile(uintptr(fd), path), nil
}

// OpenChange opens the regular file that a change is about, also one whose mode keeps
// its owner out. What is no longer what the change says of it, or is written to until
// the end of it has been read, is ErrStale. The file has a method Holes, which returns
// how many of its bytes take no space.
func OpenChange(upper *tree.Cursor, c *Change) (io.ReadCloser, error) {
	path, err := layer{upper}.open(c.Path, unix.O_PATH)
	for _, gone := range []error{unix.ENOENT, unix.ENOTDIR, unix.ELOOP} {
		if errors.Is(err, gone) {
			return nil, ErrStale
		}
	}
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: c.Path, Err: err}
	}
	defer unix.Close(path)
	var st unix.Stat_t
	if err := unix.Fstat(path, &st); err != nil {
		return nil, &fs.PathError{Op: "fstat", Path: c.Path, Err: err}
	}
	if e := tree.EntryOf("", &st); !e.Mode.IsRegular() || !c.describes(&e) {
		return nil, ErrStale
	}
	fd, err := openPermitted(path, &st)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: c.Path, Err: err}
	}
	s := &steadyFile{f: os.NewFile(uintptr(fd), c.Path)}
	if c.Checksum != "" {
		s.sum, s.want = sha256.New(), c
	}
	if err := unix.Fstat(fd, &s.was); err != nil {
		s.f.Close()
		return nil, &fs.PathError{Op: "fstat", Path: c.Path, Err: err}
	}
	if e := tree.EntryOf("", &s.was); !c.describes(&e) {
		s.f.Close()
		return nil, ErrStale
	}
	return s, nil
}

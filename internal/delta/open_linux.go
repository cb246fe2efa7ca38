// SPDX-License-Identifier: MIT

package delta

import (
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

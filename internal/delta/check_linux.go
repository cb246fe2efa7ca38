// SPDX-License-Identifier: MIT

package delta

import (
	"io/fs"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// CheckChange looks at a path of an upper directory again. One that is no longer what
// a change says of it is ErrStale.
func CheckChange(upper *tree.Cursor, c *Change) error {
	f, err := layer{upper}.find(c.Path)
	if err != nil {
		return &fs.PathError{Op: "lstat", Path: c.Path, Err: err}
	}
	there := f != nil && !f.whiteout()
	if there != (c.Kind != Deleted) || there && !c.describes(&f.Entry) {
		return ErrStale
	}
	return nil
}

// describes reports whether a file is what a change says, as far as its attributes tell.
func (c *Change) describes(e *tree.Entry) bool {
	return e.Mode == c.Mode && e.Link == c.Link && (e.Mode.IsDir() || e.Size == c.Size)
}

// Standing reports whether an upper directory has anything at a path, if only what says
// that it was deleted. The error is why no file can be put there: EISDIR for a directory,
// ELOOP for a symbolic link on the way, ENOTDIR for any other file there.
func Standing(upper *tree.Cursor, path string) (bool, error) {
	for at := path; ; at, _ = tree.Split(at) {
		f, err := standing(upper, at)
		switch {
		case err == unix.ENOENT:
			return false, nil
		case err == unix.ENOTDIR || err == unix.ELOOP:
			continue // to what it is that is on the way
		case err == nil && at == path && f.Mode&unix.S_IFMT == unix.S_IFDIR:
			err = unix.EISDIR
		case err == nil && at != path && f.Mode&unix.S_IFMT == unix.S_IFLNK:
			err = unix.ELOOP
		case err == nil && at != path && f.Mode&unix.S_IFMT == unix.S_IFREG:
			err = unix.ENOTDIR
		case err == nil:
			return at == path, nil
		}
		return true, &fs.PathError{Op: "place", Path: path, Err: err}
	}
}

func standing(upper *tree.Cursor, path string) (st unix.Stat_t, err error) {
	dir, name, err := upper.At(path)
	if err == nil {
		err = unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW)
	}
	return st, err
}

// OpenUp gives the owner of a directory of an upper directory the access to it that its
// mode denies. It reports whether it did.
func OpenUp(upper *tree.Cursor, path string) (done bool, err error) {
	fd, err := layer{upper}.open(path, unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return false, problem("open", path, err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err = unix.Fstat(fd, &st); err == nil {
		done, err = permit(fd, &st)
	}
	return done && err == nil, problem("chmod", path, err)
}

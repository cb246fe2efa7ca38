// SPDX-License-Identifier: MIT

//go:build unix

package token

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// lock waits for its turn to change what is beside a file.
func lock(path string) (unlock func(), err error) {
	f, err := openLock(path)
	if err != nil {
		return nil, err
	}
	for {
		if err = unix.Flock(int(f.Fd()), unix.LOCK_EX); err != unix.EINTR {
			break
		}
	}
	if err != nil {
		f.Close()
		return nil, &os.PathError{Op: "lock", Path: path, Err: err}
	}
	return func() { f.Close() }, nil
}

// openLock opens a file that is there for its lock alone. The directory may be
// that of another user, who may have put anything there: nothing is opened through
// a link, and what was not made here is given to nobody.
func openLock(path string) (f *os.File, err error) {
	const flags = os.O_RDWR | unix.O_NOFOLLOW | unix.O_NONBLOCK
	for range 100 { // somebody may remove it in between
		f, err = os.OpenFile(path, flags|os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			if err = inherit(f, filepath.Dir(path)); err != nil {
				f.Close()
				return nil, err
			}
			return f, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		if f, err = os.OpenFile(path, flags, 0); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	if fi, err := f.Stat(); err != nil || !fi.Mode().IsRegular() {
		f.Close()
		return nil, &os.PathError{Op: "lock", Path: path, Err: errors.Join(errors.New("not a regular file"), err)}
	}
	return f, nil
}

// inherit gives a new file to the owner of the one whose place it takes, or else of
// the directory: root may make tokens for a server that runs as another user.
func inherit(f *os.File, path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	var st unix.Stat_t
	err := unix.Lstat(path, &st)
	if errors.Is(err, fs.ErrNotExist) {
		err = unix.Lstat(filepath.Dir(path), &st)
	}
	if err != nil {
		return &os.PathError{Op: "stat", Path: path, Err: err}
	}
	return f.Chown(int(st.Uid), int(st.Gid))
}

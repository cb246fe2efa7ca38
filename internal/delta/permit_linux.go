// SPDX-License-Identifier: MIT

package delta

import (
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"
)

// permit gives this process the access to a directory, or to a regular file, of
// which the mode keeps its owner out. It reports whether something had to be
// done, which withdraw undoes: root has the access anyway. The descriptor may be
// one of O_PATH.
func permit(fd int, st *unix.Stat_t) (changed bool, err error) {
	access, bits := ownerNeeds(st)
	if st.Mode&bits == bits || unix.Faccessat(unix.AT_FDCWD, self(fd), access, unix.AT_EACCESS) == nil {
		return false, nil
	}
	return true, unix.Chmod(self(fd), st.Mode&0o7777|bits)
}

// withdraw gives a file the mode back that it had before permit, unless somebody
// has changed it meanwhile.
func withdraw(fd int, st *unix.Stat_t) {
	_, bits := ownerNeeds(st)
	var now unix.Stat_t
	if unix.Fstat(fd, &now) == nil && now.Mode == st.Mode|bits {
		_ = unix.Chmod(self(fd), st.Mode&0o7777)
	}
}

func ownerNeeds(st *unix.Stat_t) (access, bits uint32) {
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		return unix.R_OK, 0o400
	case unix.S_IFDIR:
		return unix.R_OK | unix.W_OK | unix.X_OK, 0o700
	}
	return 0, 0
}

// within works in a directory that some layers have, whatever its modes in them.
func within(layers []layer, path string, work func() error) error {
	if len(layers) == 0 {
		return work()
	}
	fd, err := layers[0].open(path, unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return problem("open", path, err)
	}
	var st unix.Stat_t
	changed := false
	if err = unix.Fstat(fd, &st); err == nil {
		changed, err = permit(fd, &st)
	}
	if err != nil || !changed {
		unix.Close(fd)
	} else {
		defer unix.Close(fd)
		defer withdraw(fd, &st)
	}
	if err != nil {
		return problem("chmod", path, err)
	}
	return within(layers[1:], path, work)
}

// problem names the path in an error.
func problem(op, path string, err error) error {
	var known *fs.PathError
	if err == nil || errors.As(err, &known) {
		return err
	}
	return &fs.PathError{Op: op, Path: path, Err: err}
}

// openPermitted opens a regular file for reading by its O_PATH descriptor, also one
// that keeps its owner out.
func openPermitted(path int, st *unix.Stat_t) (int, error) {
	const flags = unix.O_RDONLY | unix.O_NONBLOCK | unix.O_NOCTTY
	fd, err := openAt(unix.AT_FDCWD, self(path), flags)
	if err != unix.EACCES {
		return fd, err
	}
	if _, err := permit(path, st); err != nil {
		return -1, err
	}
	defer withdraw(path, st)
	return openAt(unix.AT_FDCWD, self(path), flags)
}

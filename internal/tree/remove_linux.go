// SPDX-License-Identifier: MIT

package tree

import (
	"io/fs"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// Remove removes dir and all beneath it, following no symbolic link. A
// directory whose mode keeps its owner out is opened up first. A missing dir
// is no error.
func Remove(dir string) error {
	parent, err := retry(func() (int, error) {
		return unix.Open(filepath.Dir(dir), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	})
	if err == unix.ENOENT {
		return nil
	}
	if err != nil {
		return &fs.PathError{Op: "remove", Path: dir, Err: err}
	}
	r := remover{buf: make([]byte, listBuffer)}
	err = r.remove(parent, filepath.Base(dir))
	unix.Close(parent)
	if err != nil {
		return &fs.PathError{Op: "remove", Path: dir, Err: err}
	}
	return nil
}

// RemoveAt does what Remove does for name beneath the directory dirfd. Its
// errors are those of the system calls.
func RemoveAt(dirfd int, name string) error {
	r := remover{buf: make([]byte, listBuffer)}
	return r.remove(dirfd, name)
}

// removeDepth is how many directories Remove goes down with one descriptor for
// each. What lies deeper is moved up first, so that no tree is too deep.
const removeDepth = 64

type remover struct {
	top   int // the directory that is being removed
	moved int
	buf   []byte
}

// remove removes name beneath parent.
func (r *remover) remove(parent int, name string) error {
	err := unix.Unlinkat(parent, name, 0)
	if err == nil || err == unix.ENOENT {
		return nil
	}
	if err != unix.EISDIR && err != unix.EPERM {
		return err
	}
	if r.top, err = openUp(parent, name); err != nil {
		return err
	}
	defer unix.Close(r.top)
	if err := r.empty(r.top, 0); err != nil {
		return err
	}
	return unix.Unlinkat(parent, name, unix.AT_REMOVEDIR)
}

// empty removes what the directory fd holds, and what is moved there meanwhile.
func (r *remover) empty(fd, depth int) error {
	for {
		names, err := r.names(fd)
		if err != nil || len(names) == 0 {
			return err
		}
		for _, name := range names {
			if err := r.drop(fd, name, depth); err != nil {
				return err
			}
		}
	}
}

func (r *remover) drop(fd int, name string, depth int) error {
	err := unix.Unlinkat(fd, name, 0)
	if err == nil || err == unix.ENOENT {
		return nil
	}
	if err != unix.EISDIR && err != unix.EPERM {
		return err
	}
	if unix.Unlinkat(fd, name, unix.AT_REMOVEDIR) == nil {
		return nil
	}
	sub, err := openUp(fd, name)
	if err != nil {
		return err
	}
	defer unix.Close(sub)
	if depth == removeDepth {
		return r.moveUp(fd, name)
	}
	if err := r.empty(sub, depth+1); err != nil {
		return err
	}
	return unix.Unlinkat(fd, name, unix.AT_REMOVEDIR)
}

// moveUp moves a directory to the top one, whose loop will meet it there.
func (r *remover) moveUp(fd int, name string) error {
	for {
		r.moved++
		err := unix.Renameat(fd, name, r.top, ".moved-"+strconv.Itoa(r.moved))
		if err != unix.EEXIST && err != unix.ENOTEMPTY && err != unix.ENOTDIR {
			return err
		}
	}
}

func (r *remover) names(fd int) ([]string, error) {
	if _, err := unix.Seek(fd, 0, unix.SEEK_SET); err != nil {
		return nil, err
	}
	return Names(fd, "", r.buf)
}

// openUp opens the directory name for reading, after giving its owner access
// where its mode does not.
func openUp(dirfd int, name string) (int, error) {
	open := func() (int, error) { return unix.Openat(dirfd, name, openDir, 0) }
	fd, err := retry(open)
	if err == unix.EACCES {
		if err := unix.Fchmodat(dirfd, name, 0o700, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return -1, err
		}
		fd, err = retry(open)
	}
	if err != nil {
		return -1, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err == nil && st.Mode&0o300 != 0o300 {
		_ = unix.Fchmod(fd, 0o700)
	}
	return fd, nil
}

// SPDX-License-Identifier: MIT

package tree

import (
	"io/fs"
	"strings"

	"golang.org/x/sys/unix"
)

// cursorFDs bounds the descriptors that one Cursor keeps open.
const cursorFDs = 64

// Cursor opens the directories of a tree, name by name and following no
// symbolic link. It keeps the directories above the last one open, so that
// paths asked for in tree order cost about one open each. It is for one
// goroutine at a time.
type Cursor struct {
	root  int
	stack []step // nested, the deepest last
}

type step struct {
	path string
	fd   int
}

// OpenCursor opens the tree at dir. A dir that is a symbolic link is followed.
func OpenCursor(dir string) (*Cursor, error) {
	fd, err := retry(func() (int, error) {
		return unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: err}
	}
	return &Cursor{root: fd}, nil
}

// Dir returns an O_PATH descriptor of the directory path, good until the next
// call. It belongs to the cursor.
func (c *Cursor) Dir(path string) (int, error) {
	if path == "/" {
		return c.root, nil
	}
	for len(c.stack) > 0 {
		top := c.stack[len(c.stack)-1]
		if top.path == path {
			return top.fd, nil
		}
		if Beneath(path, top.path) {
			break
		}
		unix.Close(top.fd)
		c.stack = c.stack[:len(c.stack)-1]
	}
	fd, at := c.root, 0
	if len(c.stack) > 0 {
		top := c.stack[len(c.stack)-1]
		fd, at = top.fd, len(top.path)
	}
	for at < len(path) {
		end := len(path)
		if i := strings.IndexByte(path[at+1:], '/'); i >= 0 {
			end = at + 1 + i
		}
		next, err := retry(func() (int, error) {
			return unix.Openat(fd, path[at+1:end], unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		})
		if err != nil {
			return -1, err
		}
		c.push(step{path[:end], next})
		fd, at = next, end
	}
	return fd, nil
}

// At returns the descriptor of the directory that holds path, as Dir does, and
// path's last name. For the root it is the root itself and ".".
func (c *Cursor) At(path string) (dirfd int, name string, err error) {
	dir, name := Split(path)
	dirfd, err = c.Dir(dir)
	return dirfd, name, err
}

// Forget closes what is open beneath the root, so that directories which were
// replaced meanwhile are opened anew.
func (c *Cursor) Forget() {
	for _, s := range c.stack {
		unix.Close(s.fd)
	}
	c.stack = c.stack[:0]
}

// Close closes the cursor.
func (c *Cursor) Close() error {
	c.Forget()
	return unix.Close(c.root)
}

func (c *Cursor) push(s step) {
	if len(c.stack) == cursorFDs {
		unix.Close(c.stack[0].fd)
		c.stack = append(c.stack[:0], c.stack[1:]...)
	}
	c.stack = append(c.stack, s)
}

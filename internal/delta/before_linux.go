// SPDX-License-Identifier: MIT

package delta

import "github.com/sandbox-rls/sandbox/internal/tree"

// File is a file that the sandbox began with, or that its origin has become.
type File struct{ found *found }

// Entry returns what lstat(2) said of it.
func (f *File) Entry() *tree.Entry { return &f.found.Entry }

// Open opens a regular file for reading. It is for as long as the Reader is open.
func (f *File) Open() (int, error) {
	fd, _, err := openRegular(f.found)
	return fd, err
}

// Before finds a path as it is compared with; nil where there is nothing.
func (r *Reader) Before(path string) (*File, error) {
	m, err := resolve(r.before, path)
	if m == nil || err != nil {
		return nil, err
	}
	return &File{m.found}, nil
}

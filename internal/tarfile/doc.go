// SPDX-License-Identifier: MIT

// Package tarfile reads and writes tar archives: those of POSIX with extended
// headers (pax), of GNU with long names, and older ones. Of each file it knows
// what a codebase keeps.
//
// It is there because archive/tar imports os/user, which makes a program that is
// built with cgo a dynamic one.
package tarfile

import "errors"

// ErrFormat says that a stream is no archive, or not a whole one.
var ErrFormat = errors.New("broken tar archive")

// ErrSparse says that an archive has a file with holes in one of GNU tar's own
// formats, which are not read.
var ErrSparse = errors.New("sparse file in a tar archive: make it without --sparse")

// Type is what kind of file an entry is.
type Type byte

// The types of POSIX. Others are passed on as they are.
const (
	File      Type = '0'
	HardLink  Type = '1'
	Symlink   Type = '2'
	Char      Type = '3'
	Block     Type = '4'
	Directory Type = '5'
	FIFO      Type = '6'
)

// Header describes an entry.
type Header struct {
	Type Type
	// Name and Link are as the archive has them: they may be anything.
	Name, Link string
	// Mode holds the permission bits as chmod(2) takes them.
	Mode uint32
	// ModTime is in nanoseconds since 1970. What that cannot express becomes the
	// nearest that can be.
	ModTime int64
	// Size is that of the content in bytes.
	Size int64
}

// hasContent reports whether content follows the header of a type.
func (t Type) hasContent() bool { return t < HardLink || t > FIFO }

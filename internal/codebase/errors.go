// SPDX-License-Identifier: MIT

package codebase

import (
	"io/fs"

	"github.com/sandbox-rls/sandbox/internal/copyfile"
)

// sentinel is an error that matches a standard one too.
type sentinel struct {
	text string
	is   error
}

func (e *sentinel) Error() string        { return e.text }
func (e *sentinel) Is(target error) bool { return target == e.is }

// The errors of this package. A missing file of a codebase that exists is a
// *fs.PathError with fs.ErrNotExist, and is not ErrNotFound.
var (
	// ErrNotFound says that there is no such codebase. It matches fs.ErrNotExist.
	ErrNotFound error = &sentinel{"codebase not found", fs.ErrNotExist}
	// ErrExists says that a codebase has this ID, or had it and is still used by
	// sandboxes. It matches fs.ErrExist.
	ErrExists error = &sentinel{"codebase exists", fs.ErrExist}
	// ErrInvalidPath says that a path cannot be one of a codebase. It matches
	// fs.ErrInvalid.
	ErrInvalidPath error = &sentinel{"invalid path", fs.ErrInvalid}
	// ErrInvalidID says that a string cannot be the ID or the owner of a
	// codebase. It matches fs.ErrInvalid.
	ErrInvalidID error = &sentinel{"invalid id", fs.ErrInvalid}
	// ErrIsDirectory says that a directory is where a file should go.
	ErrIsDirectory error = &sentinel{"is a directory", fs.ErrExist}
	// ErrNotDirectory says that something else is where a directory is needed.
	ErrNotDirectory error = &sentinel{"not a directory", fs.ErrExist}
	// ErrNotRegular says that something has no content to be read.
	ErrNotRegular error = &sentinel{"not a regular file", fs.ErrInvalid}
	// ErrSize says that content is not as long as was announced.
	ErrSize error = &sentinel{"size is not as announced", fs.ErrInvalid}
	// ErrTooLarge says that an archive is beyond its limits.
	ErrTooLarge error = &sentinel{"too large", fs.ErrInvalid}
	// ErrSparse says that too much of a batch's files is holes.
	ErrSparse error = &sentinel{"its holes, with those of the files before it, are larger than 16 GiB", fs.ErrInvalid}
	// ErrInvalidArchive says that an archive is broken or holds what cannot be.
	ErrInvalidArchive error = &sentinel{"invalid archive", fs.ErrInvalid}
	// ErrChanged is the error of a file that was written to each time it was
	// copied.
	ErrChanged = copyfile.ErrChanged
	// ErrSpecial is the problem of a device, FIFO or socket, which are not taken
	// over.
	ErrSpecial = copyfile.ErrSpecial
)

func pathError(op, path string, err error) error {
	return &fs.PathError{Op: op, Path: path, Err: err}
}

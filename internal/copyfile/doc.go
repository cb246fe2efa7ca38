// SPDX-License-Identifier: MIT

// Package copyfile copies regular files of trees that may be changed meanwhile,
// the quickest way that the file systems know.
package copyfile

import "errors"

// ErrChanged is the error of a file that was written to each time it was copied.
var ErrChanged = errors.New("file changed while it was copied")

// ErrSpecial is the problem of a device, FIFO or socket, which are not copied.
var ErrSpecial = errors.New("special file")

// SourceError is an error of the file that is copied, not of its copy.
type SourceError struct{ Err error }

func (e *SourceError) Error() string { return e.Err.Error() }
func (e *SourceError) Unwrap() error { return e.Err }

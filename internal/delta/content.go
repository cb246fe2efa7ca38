// SPDX-License-Identifier: MIT

package delta

import (
	"errors"
	"io/fs"
)

// ErrTooLarge says that a file's content is larger than was asked for.
var ErrTooLarge = errors.New("too large")

// Content is one side of a changed path.
type Content struct {
	Mode fs.FileMode
	Size int64 // bytes
	// Data is the content of a regular file, or the target of a symbolic link.
	Data string
	// Err is why there is no Data: ErrTooLarge, or an errno.
	Err error
}

// Pair is a path before and after; nil where there is nothing.
type Pair struct {
	Old, New *Content
	// Same says of contents without Data that they are known to be equal.
	Same bool
}

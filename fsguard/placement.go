// SPDX-License-Identifier: MIT

package fsguard

import (
	"io"
	"io/fs"
	"time"
)

// Placement is what Place puts at a path of a workspace. One of Content,
// Placeholder, Symlink and Gone says what; without any it is an empty file.
type Placement struct {
	// Content holds Size bytes from its first on. If it ends before, so does
	// the file, and nothing is placed: that is io.ErrUnexpectedEOF.
	Content io.ReaderAt
	// Placeholder is a file of Size bytes that can be listed but not read: it
	// has mode 0 and holds nothing.
	Placeholder bool
	Size        int64
	// Mode are the permissions of a regular file.
	Mode fs.FileMode
	// ModTime is that of the file or link; now if it is zero.
	ModTime time.Time
	// Symlink is where a symbolic link leads.
	Symlink string
	// Gone says that nothing shall be there: what is there is removed, with
	// all that is in it.
	Gone bool
}

// SPDX-License-Identifier: MIT

package delta

import (
	"io/fs"
	"os"
)

// DefaultParentMode is the mode of directories that are made for what lies in
// them.
const DefaultParentMode fs.FileMode = 0o755

// PutSpec says what has become of a path. The zero value is an empty file that
// nobody may read.
type PutSpec struct {
	// Gone says that nothing is there any more.
	Gone bool
	// Mode is the type and the permissions: of a regular file, of a directory,
	// or of a symbolic link.
	Mode fs.FileMode
	// ModTime is in nanoseconds since 1970.
	ModTime int64
	// File is open for reading, and holds what a regular file holds, from its
	// first byte; its offset may move. It is cloned where that is possible; holes
	// stay holes; extended attributes of the user come along. Nil: a hole of
	// Size bytes, which with mode 0 is a placeholder.
	File *os.File
	// Share says that nobody will ever change File, its attributes neither. If
	// it has the owner, mode and time that are asked for, it gets another name
	// instead of being copied.
	Share bool
	Size  int64
	// Check, if given, is asked after File was read. What it says no to is not put,
	// and no error.
	Check func() bool
	// Link is where a symbolic link leads.
	Link string
	// Parent is the mode of the directories above the path that the layers
	// beneath the base do not have. Default DefaultParentMode.
	Parent fs.FileMode
}

func (s *PutSpec) parent() fs.FileMode {
	if s.Parent == 0 {
		return DefaultParentMode
	}
	return s.Parent
}

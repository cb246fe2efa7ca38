// SPDX-License-Identifier: MIT

package delta

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"strconv"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Kind says what happened to a path.
type Kind uint8

// The three kinds of change.
const (
	// Added is a path that was not there.
	Added Kind = iota
	// Modified is a path with another content, mode, link target or type. A
	// directory is modified by its mode alone.
	Modified
	// Deleted is a path that is not there any more.
	Deleted
)

// String returns the kind's name in lower case.
func (k Kind) String() string {
	switch k {
	case Added:
		return "added"
	case Modified:
		return "modified"
	case Deleted:
		return "deleted"
	}
	return "Kind(" + strconv.Itoa(int(k)) + ")"
}

// ErrStale says that a path is no longer what a Change says of it.
var ErrStale = errors.New("changed since the changes were listed")

// Change is one path that differs between the sandbox and what it began with.
// The path of a directory that was deleted, added or replaced is followed by
// changes of all that it held or holds.
type Change struct {
	// Path is that of the workspace, with a leading slash and the bytes as
	// they are.
	Path string
	Kind Kind
	// Mode and Size are those of the path now; of the old one when deleted.
	Mode fs.FileMode
	Size int64
	// OldMode and OldSize are those that it had; zero when added.
	OldMode fs.FileMode
	OldSize int64
	// Time is when the path became what it is, by the kernel's clock (st_ctime), or
	// when it was deleted, in nanoseconds since 1970.
	Time int64
	// ModTime is the modification time, in nanoseconds since 1970, and Link the
	// target of a symbolic link; zero when deleted.
	ModTime int64
	Link    string
	// Checksum is the SHA-256, in hexadecimal, of what a file holds or the target of a
	// link, where somebody expects one: another is ErrStale. Changes leaves it empty.
	Checksum string
}

// Holds reports whether something is what a change says that its path holds.
func (c *Change) Holds(content []byte) bool {
	return c.Checksum == "" || c.HasSum(sha256.Sum256(content))
}

// HasSum reports whether a change expects what has this SHA-256.
func (c *Change) HasSum(sum [sha256.Size]byte) bool { return c.Checksum == hex.EncodeToString(sum[:]) }

// Seen is shown the two sides of a file that were read as a whole and differ, for as long as
// the call. Large files are not shown, nor those that differ without being
// read. Several goroutines call it at a time.
type Seen func(*Compared)

// Compared are two files of the same size that were compared.
type Compared struct {
	// Old and Now are what fstat(2) said before they were read.
	Old, Now *tree.Entry
	// OldFD and NowFD are open for reading.
	OldFD, NowFD           int
	OldContent, NowContent []byte
}

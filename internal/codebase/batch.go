// SPDX-License-Identifier: MIT

package codebase

import (
	"io"
	"io/fs"
)

// Batch is what a sandbox changed.
type Batch struct {
	// Items are applied in their order. A directory has to come before what it
	// holds.
	Items []Item
	// Strict reports a path that somebody else changed since its Base as a
	// conflict, unless it holds the same, and leaves it as it is. Otherwise the
	// newest writer wins.
	Strict bool
	// Overwrite, of a strict batch, replaces what somebody else wrote.
	Overwrite bool
	// Partial, of a strict batch, applies the rest when something has a conflict or
	// cannot be read. Otherwise nothing is applied then.
	Partial bool
	// DryRun applies nothing, and reports what would come of it.
	DryRun bool
}

// Item is one change of a path.
type Item struct {
	// Path is put into the form that ValidatePath returns.
	Path string
	// Delete removes the path with all beneath it. The other fields but Base
	// and Written do not matter then.
	Delete bool
	// Mode holds the permissions and the type: a regular file, a directory or a
	// symbolic link. A directory that is there keeps what it holds.
	Mode fs.FileMode
	// ModTime is in nanoseconds since 1970.
	ModTime int64
	// Link is the target of a symbolic link.
	Link string
	// Open opens the content of a regular file. Of a strict batch, an item that it
	// fails for, or the reading, is reported; of any batch, one that cannot be read
	// for its permissions. Content that has a method Holes() int64 says with it how
	// many bytes of it take no space: beyond 16 GiB of all items together an item is
	// reported, too, with ErrSparse.
	Open func() (io.ReadCloser, error)
	// Check, if any, says why the path is no longer what the item says. It is called
	// before and, of a regular file, after the content is read. Its error is like
	// one of Open.
	Check func() error
	// Written is when the sandbox wrote it, in nanoseconds since 1970. Zero, and
	// what lies in the future, mean now.
	Written int64
	// Base is the version of the codebase that the sandbox began with. A
	// checkout of that version or of an older one should still be held: what was
	// removed before the oldest one may be forgotten.
	Base uint64
	// Seen is the version of what the path has in the codebase, if the sandbox
	// has seen that, although it is later than Base.
	Seen uint64
}

// ApplyReport says what became of each path of a batch, in the order of its
// items. A deletion adds the paths beneath it that were left.
type ApplyReport struct {
	// Version is that of the codebase afterwards; 0 when nothing was applied.
	Version uint64
	// Applied are paths that are now as the batch says.
	Applied []string
	// Unchanged are paths that were so already.
	Unchanged []string
	// Superseded are paths that somebody wrote later than the sandbox did.
	Superseded []string
	// Conflicts are paths that somebody else changed meanwhile; only in a strict
	// batch.
	Conflicts []string
	// Failed are items that could not be read, or were changed meanwhile. They are left
	// out.
	Failed []*fs.PathError
}

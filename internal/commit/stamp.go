// SPDX-License-Identifier: MIT

package commit

import (
	"bytes"
	"io/fs"
	"time"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Stamp is a file's identity: as long as it is the same, so is the file.
type Stamp struct {
	Ino      uint64      `json:"ino"`
	Mode     fs.FileMode `json:"mode"`
	Size     int64       `json:"size"`
	Mtime    int64       `json:"mtime"` // nanoseconds since 1970
	Ctime    int64       `json:"ctime"`
	UID, GID uint32
	// Digest is that of a regular file's content, where times alone would not
	// do, or where it costs little.
	Digest []byte `json:"digest,omitempty"`
}

func stampOf(e *tree.Entry) Stamp {
	return Stamp{Ino: e.Ino, Mode: e.Mode, Size: e.Size, Mtime: e.ModTime, Ctime: e.ChangeTime, UID: e.UID, GID: e.GID}
}

// moved reports whether o is the same file, which may have been renamed
// meanwhile: that changes the change time.
func (s Stamp) moved(o Stamp) bool {
	return s.Ino == o.Ino && s.Mode == o.Mode && s.Size == o.Size && s.Mtime == o.Mtime && s.UID == o.UID && s.GID == o.GID
}

// still reports whether o is the same file, untouched.
func (s Stamp) still(o Stamp) bool { return s.moved(o) && s.Ctime == o.Ctime }

// sameDigest reports whether the contents are not known to differ.
func (s Stamp) sameDigest(o Stamp) bool {
	return s.Digest == nil || o.Digest == nil || bytes.Equal(s.Digest, o.Digest)
}

// The grain of times on disk: see the package snapshot, which has the same.
const (
	tick   = 20 * time.Millisecond
	second = 2 * time.Second
)

// touchedSince reports whether a file with the given change time may have been
// changed at a time or after it, both in nanoseconds since 1970.
func touchedSince(ctime, at int64) bool {
	grain := tick
	if ctime%int64(time.Second) == 0 {
		grain = second
	}
	return ctime >= at-int64(grain)
}

// changedSince is touchedSince where nothing had been changed in the tick before.
func changedSince(ctime, at int64) bool {
	if ctime%int64(time.Second) == 0 {
		return touchedSince(ctime, at)
	}
	return ctime >= at
}

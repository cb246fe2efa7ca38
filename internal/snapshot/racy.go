// SPDX-License-Identifier: MIT

package snapshot

import (
	"io/fs"
	"time"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// irregular is the type of a name that could not be examined.
const irregular = fs.ModeIrregular

// Times on disk have the grain of the kernel's tick, 10 ms at most; those
// without a fraction may be of a file system that counts whole seconds.
const (
	tick   = 20 * time.Millisecond
	second = 2 * time.Second
)

// racy reports whether a file may have changed after it was listed without
// its change time telling: it had changed only just before.
func racy(e *tree.Entry, listed int64) bool {
	grain := tick
	if e.ChangeTime%int64(time.Second) == 0 {
		grain = second
	}
	return e.ChangeTime >= listed-int64(grain)
}

// anyRacy reports whether a file whose content was copied is racy.
func (s *selection) anyRacy(listed int64) bool {
	for i := range s.items {
		if it := &s.items[i]; it.kind == content && !it.skipped && racy(&it.Entry, listed) {
			return true
		}
	}
	return false
}

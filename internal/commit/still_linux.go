// SPDX-License-Identifier: MIT

package commit

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Still reports whether an open file is the one that a stamp was taken of,
// untouched.
func Still(f *os.File, s *Stamp) bool {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return false
	}
	e := tree.EntryOf("", &st)
	return s.still(stampOf(&e))
}

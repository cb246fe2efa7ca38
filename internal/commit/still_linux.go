// SPDX-License-Identifier: MIT

package commit

import (
	"os"
	"path/filepath"

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

// ReadLink returns the target of a symbolic link, if that is the one that a stamp was
// taken of, untouched.
func ReadLink(root *os.Root, name string, s *Stamp) (target string, ok bool) {
	dir, err := root.Open(filepath.Dir(name))
	if err != nil {
		return "", false
	}
	defer dir.Close()
	var st unix.Stat_t
	target, err = tree.StatAt(int(dir.Fd()), filepath.Base(name), &st)
	if err != nil {
		return "", false
	}
	e := tree.EntryOf("", &st)
	return target, s.still(stampOf(&e))
}

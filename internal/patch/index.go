// SPDX-License-Identifier: MIT

package patch

import (
	"crypto/fips140"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strings"
)

// hashDigits is how much of a hash is written: enough to tell the files of a
// large project apart.
const hashDigits = 10

// index is the line by which git-apply finds the file that a change was made
// of, and patch learns that it is about a symlink or an empty file. It is "" if
// a content is not known.
func index(was, is *File) string {
	if withheld(was) || withheld(is) {
		return ""
	}
	line := "index " + blob(was) + ".." + blob(is)
	if was != nil && is != nil && gitMode(was.Mode) == gitMode(is.Mode) {
		line += " " + gitMode(is.Mode)
	}
	return line + "\n"
}

// blob is the beginning of the name that git gives to a content.
func blob(f *File) string {
	if f == nil {
		return strings.Repeat("0", hashDigits)
	}
	var sum [sha1.Size]byte
	// It is git's choice, and nothing is protected by it.
	fips140.WithoutEnforcement(func() {
		h := sha1.New()
		fmt.Fprintf(h, "blob %d\x00", len(f.Text))
		_, _ = h.Write([]byte(f.Text))
		h.Sum(sum[:0])
	})
	return hex.EncodeToString(sum[:])[:hashDigits]
}

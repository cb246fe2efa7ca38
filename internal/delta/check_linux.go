// SPDX-License-Identifier: MIT

package delta

import (
	"io/fs"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// CheckChange looks at a path of an upper directory again. One that is no longer what
// a change says of it is ErrStale.
func CheckChange(upper *tree.Cursor, c *Change) error {
	f, err := layer{upper}.find(c.Path)
	if err != nil {
		return &fs.PathError{Op: "lstat", Path: c.Path, Err: err}
	}
	there := f != nil && !f.whiteout()
	if there != (c.Kind != Deleted) || there && !c.describes(&f.Entry) {
		return ErrStale
	}
	return nil
}

// describes reports whether a file is what a change says, as far as its attributes tell.
func (c *Change) describes(e *tree.Entry) bool {
	return e.Mode == c.Mode && e.Link == c.Link && (e.Mode.IsDir() || e.Size == c.Size)
}

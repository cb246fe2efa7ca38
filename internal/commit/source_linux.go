// SPDX-License-Identifier: MIT

package commit

import (
	"io/fs"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// source is the sandbox's layer, which the sandbox may go on writing to.
type source struct{ *tree.Cursor }

// find examines a path; nil where nothing or a whiteout is.
func (s source) find(path string) (*tree.Entry, error) {
	dir, last, err := s.At(path)
	if err == nil {
		var st unix.Stat_t
		if err = unix.Fstatat(dir, last, &st, unix.AT_SYMLINK_NOFOLLOW); err == nil {
			e := tree.EntryOf(path, &st)
			if e.Mode.Type() == fs.ModeDevice|fs.ModeCharDevice && st.Rdev == 0 {
				return nil, nil
			}
			return &e, nil
		}
	}
	if blocked(err) != "" {
		return nil, nil
	}
	return nil, err
}

// check says why a path is no longer what a change says of it; "" when it is.
func (s source) check(c *delta.Change) string {
	e, err := s.find(c.Path)
	switch {
	case err != nil:
		return "cannot be examined: " + err.Error()
	case c.Kind == delta.Deleted && e == nil:
		return ""
	case c.Kind == delta.Deleted || e == nil || !matches(c, e):
		return delta.ErrStale.Error()
	}
	return ""
}

func matches(c *delta.Change, e *tree.Entry) bool {
	return e.Mode == c.Mode && (e.Mode.IsDir() || e.Size == c.Size)
}

// openSame opens a regular file, which has to be what a change says of it.
func (s source) openSame(c *delta.Change) (int, error) {
	fd, err := s.open(c.Path)
	if err != nil {
		if blocked(err) != "" {
			err = delta.ErrStale
		}
		return -1, err
	}
	var st unix.Stat_t
	if err = unix.Fstat(fd, &st); err == nil {
		if e := tree.EntryOf("", &st); !matches(c, &e) {
			err = delta.ErrStale
		}
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// open opens a file, whose type remains to be looked at.
func (s source) open(path string) (int, error) {
	dir, last, err := s.At(path)
	if err != nil {
		return -1, err
	}
	return openAsIs(dir, last)
}

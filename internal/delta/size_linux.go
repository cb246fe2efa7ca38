// SPDX-License-Identifier: MIT

package delta

import (
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Size returns the bytes that an upper directory takes on disk, and the number
// of files in it, directories included. A file with several names counts
// once. What comes and goes meanwhile may be missed, and so is what lies in a directory
// whose path is longer than 64 KiB.
func Size(upper string) (bytes, files int64, err error) {
	up, err := tree.OpenCursor(upper)
	if err != nil {
		return 0, 0, err
	}
	defer up.Close()
	s := sizer{layer: layer{up}, seen: map[file]bool{}, buf: make([]byte, 64<<10)}
	s.stack = []*nested{nil}
	for len(s.stack) > 0 {
		dir := s.stack[len(s.stack)-1]
		s.stack = s.stack[:len(s.stack)-1]
		if err := s.list(dir); err != nil {
			return 0, 0, &fs.PathError{Op: "readdir", Path: dir.path(), Err: err}
		}
	}
	return s.bytes, s.files, nil
}

// file is one with several names.
type file struct{ dev, ino uint64 }

// maxNested bounds the length of the path of a directory that is looked at: it has to
// be opened name by name.
const maxNested = 64 << 10

// nested is a directory that is to be looked at. There may be many with a long path.
type nested struct {
	in   *nested // nil: the root
	name string
	size int // of its path
}

// path is that of the directory; nil is the root.
func (n *nested) path() string {
	if n == nil {
		return "/"
	}
	path := make([]byte, n.size)
	for at := n.size; n != nil; n = n.in {
		at -= copy(path[at-len(n.name):], n.name) + 1
		path[at] = '/'
	}
	return string(path)
}

// sub is a directory in it.
func (n *nested) sub(name string) *nested {
	size := len("/") + len(name)
	if n != nil {
		size += n.size
	}
	return &nested{n, name, size}
}

type sizer struct {
	layer
	seen         map[file]bool
	bytes, files int64
	stack        []*nested
	buf          []byte
}

func (s *sizer) list(at *nested) error {
	dir := at.path()
	names, err := s.names(dir, s.buf)
	if vanished(err) {
		return nil
	}
	if errors.Is(err, unix.EACCES) {
		return nil // its owner has closed it to itself
	}
	if err != nil {
		return err
	}
	fd, err := s.Dir(dir)
	if err != nil {
		return absent(err)
	}
	for i := len(names) - 1; i >= 0; i-- { // the cursor likes tree order
		var st unix.Stat_t
		if unix.Fstatat(fd, names[i], &st, unix.AT_SYMLINK_NOFOLLOW) != nil {
			continue
		}
		if st.Mode&unix.S_IFMT == unix.S_IFDIR {
			if sub := at.sub(names[i]); sub.size <= maxNested {
				s.stack = append(s.stack, sub)
			}
		} else if st.Nlink > 1 {
			f := file{uint64(st.Dev), st.Ino} //nolint:unconvert // its width depends on the architecture
			if s.seen[f] {
				continue
			}
			s.seen[f] = true
		}
		s.files++
		s.bytes += st.Blocks * 512
	}
	return nil
}

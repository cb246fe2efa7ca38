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
// once. What comes and goes meanwhile may be missed.
func Size(upper string) (bytes, files int64, err error) {
	up, err := tree.OpenCursor(upper)
	if err != nil {
		return 0, 0, err
	}
	defer up.Close()
	s := sizer{layer: layer{up}, seen: map[file]bool{}, buf: make([]byte, 64<<10)}
	s.stack = []string{"/"}
	for len(s.stack) > 0 {
		dir := s.stack[len(s.stack)-1]
		s.stack = s.stack[:len(s.stack)-1]
		if err := s.list(dir); err != nil {
			return 0, 0, &fs.PathError{Op: "readdir", Path: dir, Err: err}
		}
	}
	return s.bytes, s.files, nil
}

// file is one with several names.
type file struct{ dev, ino uint64 }

type sizer struct {
	layer
	seen         map[file]bool
	bytes, files int64
	stack        []string
	buf          []byte
}

func (s *sizer) list(dir string) error {
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
		path := tree.Join(dir, names[i])
		if st.Mode&unix.S_IFMT == unix.S_IFDIR {
			if len(path) <= maxPath {
				s.stack = append(s.stack, path)
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

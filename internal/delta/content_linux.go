// SPDX-License-Identifier: MIT

package delta

import (
	"io/fs"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Reader reads what an overlay's layers hold under a path, without the overlay
// being mounted. No symbolic link is followed, and nothing but regular files is
// opened: what lies in the upper directory was made by code that nobody trusts.
// It is for one goroutine at a time.
type Reader struct {
	comparer
	upper layer
	lower []layer
}

// OpenReader takes the directories that Changes takes.
func OpenReader(upper string, lower []string) (*Reader, error) {
	r := &Reader{}
	up, err := tree.OpenCursor(upper)
	if err != nil {
		return nil, err
	}
	r.upper = layer{up}
	for _, dir := range lower {
		l, err := tree.OpenCursor(dir)
		if err != nil {
			r.Close()
			return nil, err
		}
		r.lower = append(r.lower, layer{l})
	}
	return r, nil
}

// Close closes the layers.
func (r *Reader) Close() {
	for _, l := range append(r.lower, r.upper) {
		_ = l.Close()
	}
}

// Read reads both sides of a path that Changes listed. Of content larger than
// limit, in bytes, there is no Data.
func (r *Reader) Read(path string, limit int64) (Pair, error) {
	var p Pair
	upper, err := r.upper.find(path)
	if err != nil {
		return p, &fs.PathError{Op: "lstat", Path: path, Err: err}
	}
	lower, err := r.before(path)
	if err != nil {
		return p, err
	}
	if upper != nil && !upper.whiteout() {
		p.New = contentOf(upper, limit)
	}
	if lower != nil {
		p.Old = contentOf(lower.found, limit)
	}
	p.Same = p.Old != nil && p.New != nil && p.Old.Err == ErrTooLarge && p.New.Err == ErrTooLarge &&
		p.Old.Size == p.New.Size && r.sameContent(upper, lower.found)
	return p, nil
}

// before finds a path as the lower layers together show it.
func (r *Reader) before(path string) (*merged, error) {
	m, err := lookup(r.lower, "/")
	for at := 0; err == nil && m != nil && at < len(path) && path != "/"; {
		end := len(path)
		if i := strings.IndexByte(path[at+1:], '/'); i >= 0 {
			end = at + 1 + i
		}
		if !m.Mode.IsDir() {
			return nil, nil
		}
		m, err = lookup(m.layers, path[:end])
		at = end
	}
	return m, err
}

func contentOf(f *found, limit int64) *Content {
	c := &Content{Mode: f.Mode, Size: f.Size}
	switch {
	case f.Mode&fs.ModeSymlink != 0:
		c.Data = f.Link
	case f.Mode.IsRegular() && f.Size > limit:
		c.Err = ErrTooLarge
	case f.Mode.IsRegular():
		c.Data, c.Err = readContent(f, limit)
	}
	return c
}

// readContent reads a file, which may grow meanwhile.
func readContent(f *found, limit int64) (string, error) {
	fd, err := openRegular(f)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	data := make([]byte, 0, f.Size+1)
	for {
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		n, err := readAt(fd, data[len(data):cap(data)], int64(len(data)))
		if err != nil {
			return "", err
		}
		if n == 0 {
			return string(data), nil
		}
		if data = data[:len(data)+n]; int64(len(data)) > limit {
			return "", ErrTooLarge
		}
	}
}

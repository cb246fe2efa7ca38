// SPDX-License-Identifier: MIT

package delta

import (
	"io/fs"
	"strings"

	"golang.org/x/sys/unix"
)

// Reader reads what an overlay's layers hold under a path, without the overlay
// being mounted. No symbolic link is followed, and nothing but regular files is
// opened: what lies in the upper directory was made by code that nobody trusts.
// It is for one goroutine at a time.
type Reader struct {
	comparer
	*stacks
}

// OpenReader takes what Changes takes.
func OpenReader(l Layers) (*Reader, error) {
	s, err := l.open()
	if err != nil {
		return nil, err
	}
	return &Reader{stacks: s}, nil
}

// Close closes the layers.
func (r *Reader) Close() { r.close() }

// Read reads both sides of a path that Changes listed. Of content larger than
// limit, in bytes, there is no Data.
func (r *Reader) Read(path string, limit int64) (Pair, error) {
	var p Pair
	now, err := resolve(r.now, path)
	if err != nil {
		return p, err
	}
	old, err := resolve(r.before, path)
	if err != nil {
		return p, err
	}
	if now != nil {
		p.New = contentOf(now.found, limit)
	}
	if old != nil {
		p.Old = contentOf(old.found, limit)
	}
	p.Same = p.Old != nil && p.New != nil && p.Old.Err == ErrTooLarge && p.New.Err == ErrTooLarge &&
		p.Old.Size == p.New.Size && r.sameContent(now.found, old.found)
	return p, nil
}

// resolve finds a path as layers together show it.
func resolve(layers []layer, path string) (*merged, error) {
	m, err := lookup(layers, "/")
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
	fd, _, err := openRegular(f)
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

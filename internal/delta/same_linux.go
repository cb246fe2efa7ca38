// SPDX-License-Identifier: MIT

package delta

import (
	"bytes"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// compareBuffer is half of the memory for comparing two files.
const compareBuffer = 128 << 10

// alike reports whether the file that one stack of layers shows under a name is what
// another shows, but for the content of regular files of the same size.
func alike(upper, lower *found) bool {
	if upper.layer == lower.layer {
		return true
	}
	if upper.Mode != lower.Mode {
		return false
	}
	switch {
	case upper.Mode.IsDir():
		return true
	case upper.Mode.IsRegular():
		return upper.Size == lower.Size
	case upper.Special():
		return upper.rdev == lower.rdev
	}
	return upper.Link == lower.Link
}

// unsure reports whether it takes the content to tell that files are the same which
// are alike.
func unsure(upper, lower *found) bool {
	return upper.layer != lower.layer && upper.Mode.IsRegular() && upper.Size > 0
}

type comparer struct {
	a, b  []byte
	seen  Seen // nil: nobody wants to know
	shown Compared
}

// sameContent compares two files byte by byte, but for the holes that both have. One
// that cannot be read is taken to differ, but for placeholders, which hold nothing.
func (c *comparer) sameContent(a, b *found) bool {
	fa, now, err := openRegular(a)
	if err != nil {
		return err == unix.EACCES && a.blocks == 0 && b.blocks == 0
	}
	defer unix.Close(fa)
	fb, old, err := openRegular(b)
	if err != nil {
		return false
	}
	defer unix.Close(fb)
	if now.Size != old.Size {
		return false
	}
	if c.a == nil {
		c.a, c.b = make([]byte, compareBuffer), make([]byte, compareBuffer)
	}
	sparse := old.Size > compareBuffer && a.holes() && b.holes()
	for at := int64(0); at < old.Size; {
		if sparse {
			at = pastHoles(fa, fb, at, old.Size)
		}
		most := min(compareBuffer, old.Size-at)
		n, err := readAt(fa, c.a[:most], at)
		if err != nil {
			return false
		}
		m, err := readAt(fb, c.b[:most], at)
		if err != nil {
			return false
		}
		if !bytes.Equal(c.a[:n], c.b[:m]) {
			if c.seen != nil && int64(n) == now.Size && int64(m) == old.Size {
				c.shown = Compared{Old: old, Now: now, OldFD: fb, NowFD: fa, OldContent: c.b[:m], NowContent: c.a[:n]}
				c.seen(&c.shown)
			}
			return false
		}
		if n == 0 {
			return true
		}
		at += int64(n)
	}
	return true
}

// holes reports whether a file takes less space than its size says.
func (f *found) holes() bool { return f.blocks*512 < f.Size }

// pastHoles is where the holes end that two files of that size have both at a place. It is
// never past their last byte: what is missing of a file that has become shorter meanwhile
// is no hole.
func pastHoles(a, b int, at, size int64) int64 {
	return min(dataFrom(a, at, size), dataFrom(b, at, size), size-1)
}

// dataFrom is where the next data of a file of that size begins, at a place in it or after
// it: size when there is none, and the place itself on a file system that knows no holes.
func dataFrom(fd int, at, size int64) int64 {
	data, err := unix.Seek(fd, at, unix.SEEK_DATA)
	switch {
	case err == unix.ENXIO:
		return size
	case err != nil:
		return at
	}
	return data
}

// openRegular opens a file, which may have become something else meanwhile, and tells
// what fstat(2) says of it.
func openRegular(f *found) (fd int, e *tree.Entry, err error) {
	fd, err = f.layer.open(f.Path, unix.O_RDONLY)
	if err != nil {
		return -1, nil, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		unix.Close(fd)
		return -1, nil, unix.EINVAL
	}
	is := tree.EntryOf(f.Path, &st)
	return fd, &is, nil
}

// readAt fills buf unless the file ends before.
func readAt(fd int, buf []byte, at int64) (int, error) {
	n := 0
	for n < len(buf) {
		m, err := unix.Pread(fd, buf[n:], at+int64(n))
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return n, err
		}
		if m == 0 {
			break
		}
		n += m
	}
	return n, nil
}

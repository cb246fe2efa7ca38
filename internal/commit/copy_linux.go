// SPDX-License-Identifier: MIT

package commit

import "golang.org/x/sys/unix"

// copier copies what files hold, the quickest way that works.
type copier struct {
	calls
	noClone, noRange bool
	buf              *buffer
}

// copy copies the regular file in to the empty file out; holes
// stay holes. Fewer bytes are copied when the file has become shorter.
func (c *copier) copy(in, out int, st *unix.Stat_t) error {
	if st.Size == 0 {
		return nil
	}
	if !c.noClone {
		err := c.do("clone", func() error { return unix.IoctlFileClone(out, in) })
		if err == nil {
			return nil
		}
		c.noClone = true // both sides stay on their file systems
	}
	if st.Blocks*512 >= st.Size {
		return c.segment(in, out, 0, st.Size)
	}
	return c.sparse(in, out, st.Size)
}

func (c *copier) sparse(in, out int, size int64) error {
	for at := int64(0); at < size; {
		start, err := unix.Seek(in, at, unix.SEEK_DATA)
		if err == unix.ENXIO {
			break // a hole up to the end
		}
		end := size
		if err != nil {
			start = at // a file system that knows no holes
		} else if end, err = unix.Seek(in, start, unix.SEEK_HOLE); err != nil {
			end = size
		}
		if err := c.segment(in, out, start, end); err != nil {
			return err
		}
		at = end
	}
	return c.do("truncate", func() error { return unix.Ftruncate(out, size) })
}

// segment copies the bytes from one offset to another.
func (c *copier) segment(in, out int, from, to int64) error {
	if to-from > bufferSize && !c.noRange {
		if from = c.ranges(in, out, from, to); from < to {
			c.noRange = true
		}
	}
	for from < to {
		p := c.buf.of(to - from)
		n, err := readAt(in, p, from)
		if err != nil {
			return readError{err}
		}
		if n == 0 {
			return nil
		}
		if err := c.write(out, p[:n], from); err != nil {
			return err
		}
		from += int64(n)
	}
	return nil
}

// write writes all of b to an offset.
func (c *copier) write(out int, b []byte, at int64) error {
	for len(b) > 0 {
		var n int
		err := c.do("write", func() (err error) { n, err = unix.Pwrite(out, b, at); return err })
		if err != nil {
			return err
		}
		b, at = b[n:], at+int64(n)
	}
	return nil
}

// ranges lets the kernel copy. It returns how far it came.
func (c *copier) ranges(in, out int, from, to int64) int64 {
	for from < to {
		r, w := from, from
		var n int
		err := c.do("copy_file_range", func() (err error) {
			n, err = unix.CopyFileRange(in, &r, out, &w, int(min(to-from, 1<<30)), 0)
			return err
		})
		if err != nil || n == 0 {
			break // plain reading and writing says why
		}
		from += int64(n)
	}
	return from
}

// readError is one of the sandbox's file, not of the target.
type readError struct{ error }

func (e readError) Unwrap() error { return e.error }

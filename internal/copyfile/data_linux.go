// SPDX-License-Identifier: MIT

package copyfile

import (
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// BufferSize is up to which size a plain read and write is quicker than to ask
// the kernel for a copy. It is also the size of the buffers.
const BufferSize = 128 << 10

// Copier copies between two file systems. What they turn out not to support is
// not tried again. It is safe for concurrent use.
type Copier struct {
	noClone, noRange atomic.Bool
}

// Data copies what in, a regular file of which st tells, holds to the empty file out;
// holes stay holes. Of a file that becomes shorter meanwhile it copies what is left. An
// error of in alone is a *SourceError. buf is scratch space; nil: it is made.
func (c *Copier) Data(in, out int, st *unix.Stat_t, buf []byte) error {
	if st.Size == 0 {
		return nil
	}
	if !c.noClone.Load() {
		if unix.IoctlFileClone(out, in) == nil {
			return nil
		}
		c.noClone.Store(true) // both sides stay on their file systems
	}
	if buf == nil {
		buf = make([]byte, min(st.Size, BufferSize))
	}
	if st.Blocks*512 >= st.Size {
		return c.segment(in, out, 0, st.Size, buf)
	}
	return c.sparse(in, out, st.Size, buf)
}

// sparse copies the data of a file with holes, and leaves the holes.
func (c *Copier) sparse(in, out int, size int64, buf []byte) error {
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
		if end = min(end, size); start >= end {
			break // it has grown
		}
		if err := c.segment(in, out, start, end, buf); err != nil {
			return err
		}
		at = end
	}
	return unix.Ftruncate(out, size)
}

// segment copies the bytes from one offset to another. It may stop early at
// the end of the file.
func (c *Copier) segment(in, out int, from, to int64, buf []byte) error {
	if to-from > BufferSize && !c.noRange.Load() {
		var err error
		if from, err = copyRange(in, out, from, to); err == unix.ENOSPC || err == unix.EDQUOT {
			return err
		} else if err != nil {
			c.noRange.Store(true)
		}
	}
	for from < to {
		n, err := unix.Pread(in, buf[:min(int64(len(buf)), to-from)], from)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return &SourceError{err}
		}
		if n == 0 {
			return nil
		}
		if err := writeAll(out, buf[:n], from); err != nil {
			return err
		}
		from += int64(n)
	}
	return nil
}

// copyRange lets the kernel copy. It returns how far it came.
func copyRange(in, out int, from, to int64) (int64, error) {
	for from < to {
		r, w := from, from
		n, err := unix.CopyFileRange(in, &r, out, &w, int(min(to-from, 1<<30)), 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return from, err
		}
		from += int64(n)
	}
	return from, nil
}

func writeAll(fd int, b []byte, at int64) error {
	for len(b) > 0 {
		n, err := unix.Pwrite(fd, b, at)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		b, at = b[n:], at+int64(n)
	}
	return nil
}

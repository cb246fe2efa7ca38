// SPDX-License-Identifier: MIT

package commit

import (
	"bytes"
	"crypto/sha256"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/delta"
)

// bufferSize is how large a buffer for reading becomes.
const bufferSize = 128 << 10

// buffers are for one goroutine at a time.
type buffers struct{ a, b buffer }

// buffer is memory that is used again and again.
type buffer []byte

// of has room for n bytes, or for as many as a buffer has at most. What was in it is lost.
func (b *buffer) of(n int64) []byte {
	n = min(n, bufferSize)
	if int64(len(*b)) < n {
		*b = make([]byte, min(bufferSize, max(n, int64(2*len(*b)), 16<<10)))
	}
	return (*b)[:n]
}

// equal compares two open files byte by byte. They had that size.
func (b *buffers) equal(x, y int, size int64) (bool, error) {
	p, q := b.a.of(size+1), b.b.of(size+1)
	for at := int64(0); ; {
		n, err := readAt(x, p, at)
		if err != nil {
			return false, err
		}
		m, err := readAt(y, q, at)
		if err != nil {
			return false, err
		}
		if !bytes.Equal(p[:n], q[:m]) {
			return false, nil
		}
		if n == 0 {
			return true, nil
		}
		at += int64(n)
	}
}

// sum sums up the first size bytes of an open file, or what there is of them.
func (b *buffers) sum(fd int, size int64) ([]byte, error) {
	sum := sha256.New()
	for at := int64(0); at < size; {
		p := b.a.of(size - at)
		n, err := readAt(fd, p, at)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			break
		}
		sum.Write(p[:n])
		at += int64(n)
	}
	return sum.Sum(nil), nil
}

// holds fails when an open file, which had the size that a change says, does not hold what
// it says. What the sandbox may add to it meanwhile is not read.
func (b *buffers) holds(fd int, c *delta.Change) error {
	if c.Checksum == "" {
		return nil
	}
	sum, err := b.sum(fd, c.Size)
	if err == nil && !c.HasSum([sha256.Size]byte(sum)) {
		err = delta.ErrStale
	}
	return err
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

// SPDX-License-Identifier: MIT

package commit

import (
	"bytes"
	"crypto/sha256"

	"golang.org/x/sys/unix"
)

// bufferSize is that of the buffers for reading.
const bufferSize = 128 << 10

// buffers are for one goroutine at a time.
type buffers struct{ a, b []byte }

func newBuffers() *buffers { return &buffers{make([]byte, bufferSize), make([]byte, bufferSize)} }

// equal compares two open files byte by byte.
func (b *buffers) equal(x, y int) (bool, error) {
	for at := int64(0); ; {
		n, err := readAt(x, b.a, at)
		if err != nil {
			return false, err
		}
		m, err := readAt(y, b.b, at)
		if err != nil {
			return false, err
		}
		if !bytes.Equal(b.a[:n], b.b[:m]) {
			return false, nil
		}
		if n == 0 {
			return true, nil
		}
		at += int64(n)
	}
}

// read sums up the first size bytes of the open file x, and compares them with
// those of y, unless that is negative.
func (b *buffers) read(x, y int, size int64) (same bool, digest []byte, err error) {
	sum := sha256.New()
	same = y >= 0
	for at := int64(0); at < size; {
		part := min(int64(len(b.a)), size-at)
		n, err := readAt(x, b.a[:part], at)
		if err != nil {
			return false, nil, err
		}
		sum.Write(b.a[:n])
		if same {
			m, err := readAt(y, b.b[:part], at)
			if err != nil {
				return false, nil, err
			}
			same = bytes.Equal(b.a[:n], b.b[:m])
		}
		if n == 0 {
			break // it is shorter by now
		}
		at += int64(n)
	}
	return same, sum.Sum(nil), nil
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

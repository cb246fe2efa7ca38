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

// sum sums up the first size bytes of an open file, or what there is of them.
func (b *buffers) sum(fd int, size int64) ([]byte, error) {
	sum := sha256.New()
	for at := int64(0); at < size; {
		n, err := readAt(fd, b.a[:min(int64(len(b.a)), size-at)], at)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			break
		}
		sum.Write(b.a[:n])
		at += int64(n)
	}
	return sum.Sum(nil), nil
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

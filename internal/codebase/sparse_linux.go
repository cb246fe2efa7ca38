// SPDX-License-Identifier: MIT

package codebase

import (
	"bytes"
	"io"
	"os"
)

// maxHoles bounds the bytes of the files of one batch that take no space where they
// come from: to sum up a hole takes as long as if it were data, and a sandbox makes
// one of any size for nothing.
const maxHoles = 16 << 30

// sparse is content that knows how much of it takes no space, in bytes.
type sparse interface{ Holes() int64 }

// admit counts the holes of what is to be added.
func (s *stage) admit(content io.Reader) error {
	c, ok := content.(sparse)
	if !ok {
		return nil
	}
	n := c.Holes()
	if n > maxHoles-s.holes {
		return ErrSparse
	}
	s.holes += max(n, 0)
	return nil
}

// grain is that of the holes: a block of most file systems.
const grain = 4096

var zeros [grain]byte

// sparseFile writes a new file from its beginning to its end. What is zero becomes a
// hole, block by block.
type sparseFile struct {
	disk *disk
	f    *os.File
	size int64
	at   int64 // where f stands
}

func (s *sparseFile) write(b []byte) error {
	for len(b) > 0 {
		n, zero := firstRun(b, s.size)
		if !zero {
			if err := s.data(b[:n]); err != nil {
				return err
			}
		}
		s.size += int64(n)
		b = b[n:]
	}
	return nil
}

func (s *sparseFile) data(b []byte) error {
	if s.at != s.size {
		if _, err := s.f.Seek(s.size, io.SeekStart); err != nil {
			return err
		}
	}
	s.at = s.size + int64(len(b))
	return s.disk.write(s.f, b)
}

// finish gives a file that ends with a hole its size.
func (s *sparseFile) finish() error {
	if s.at == s.size {
		return nil
	}
	return s.disk.try("truncate", func() error { return s.f.Truncate(s.size) })
}

// firstRun returns how many bytes of b, which belongs at an offset, are blocks of
// zeros, or blocks of anything else.
func firstRun(b []byte, at int64) (n int, zero bool) {
	for n < len(b) {
		end := min(n+grain-int((at+int64(n))%grain), len(b))
		z := bytes.Equal(b[n:end], zeros[:end-n])
		if n > 0 && z != zero {
			break
		}
		n, zero = end, z
	}
	return n, zero
}

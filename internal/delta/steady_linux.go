// SPDX-License-Identifier: MIT

package delta

import (
	"crypto/sha256"
	"hash"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// steadyFile is a file that has to stay what it was. No more is read than it had
// then, and nothing where it has holes.
type steadyFile struct {
	f     *os.File
	was   unix.Stat_t
	at    int64 // how far it was read
	until int64 // how far what is at that place goes
	hole  bool  // what it is
	sum   hash.Hash
	want  *Change // whose checksum it has to have; nil: any
}

func (s *steadyFile) Close() error { return s.f.Close() }

// Holes returns how many bytes of the file take no space.
func (s *steadyFile) Holes() int64 { return max(0, s.was.Size-s.was.Blocks*512) }

func (s *steadyFile) Read(p []byte) (int, error) {
	n, err := s.read(p)
	if s.want != nil {
		s.sum.Write(p[:n])
	}
	return n, err
}

func (s *steadyFile) read(p []byte) (int, error) {
	if s.at >= s.was.Size {
		return 0, s.end()
	}
	if s.at >= s.until {
		s.look()
	}
	p = p[:min(int64(len(p)), s.until-s.at)]
	if s.hole {
		clear(p)
		s.at += int64(len(p))
		return len(p), nil
	}
	n, err := s.f.ReadAt(p, s.at)
	s.at += int64(n)
	if n > 0 || err == nil {
		return n, nil
	}
	if err == io.EOF {
		err = ErrStale // it was longer
	}
	return 0, err
}

// look finds out what is at the place up to which the file was read.
func (s *steadyFile) look() {
	s.until, s.hole = s.was.Size, false
	if s.Holes() == 0 {
		return
	}
	fd := int(s.f.Fd())
	data, err := unix.Seek(fd, s.at, unix.SEEK_DATA)
	switch {
	case err == unix.ENXIO:
		s.hole = true // up to the end
	case err != nil: // a file system that knows no holes
	case data > s.at:
		s.until, s.hole = min(data, s.was.Size), true
	default:
		if hole, err := unix.Seek(fd, s.at, unix.SEEK_HOLE); err == nil && hole > s.at {
			s.until = min(hole, s.was.Size)
		}
	}
}

// end says whether the file that was read is still what it was.
func (s *steadyFile) end() error {
	var is unix.Stat_t
	if unix.Fstat(int(s.f.Fd()), &is) != nil || is.Size != s.was.Size || is.Mtim != s.was.Mtim || is.Ctim != s.was.Ctim {
		return ErrStale
	}
	if s.want != nil && !s.want.HasSum([sha256.Size]byte(s.sum.Sum(nil))) {
		return ErrStale
	}
	return io.EOF
}

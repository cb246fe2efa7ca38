// SPDX-License-Identifier: MIT

// Package spool keeps what is made faster than somebody takes it.
package spool

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
)

// Memory is how much a Spool keeps in memory, in bytes.
const Memory = 256 << 10

// Spool keeps what is written to it: as much as Memory of it in memory, and the rest in
// a file without a name, which is gone with the process however that ends. It is for one
// goroutine at a time.
type Spool struct {
	dir  string
	head []byte
	rest *os.File // nil: all is in head
}

// New makes an empty one. Its file has a name in dir for the moment in which it is
// made: somebody should empty dir after a process that was killed.
func New(dir string) *Spool { return &Spool{dir: dir} }

// Write implements io.Writer. An error names the file.
func (s *Spool) Write(p []byte) (int, error) {
	if s.rest == nil && len(s.head)+len(p) <= Memory {
		s.head = append(s.head, p...)
		return len(p), nil
	}
	if s.rest == nil {
		f, err := nameless(s.dir)
		if err != nil {
			return 0, fmt.Errorf("making a temporary file: %w", err)
		}
		s.rest = f
	}
	n, err := s.rest.Write(p)
	if err != nil {
		err = fmt.Errorf("writing a temporary file: %w", err)
	}
	return n, err
}

// WriteTo writes all that was written, as io.WriterTo; any number of times.
func (s *Spool) WriteTo(w io.Writer) (int64, error) {
	n, err := bytes.NewReader(s.head).WriteTo(w)
	if err != nil || s.rest == nil {
		return n, err
	}
	more, err := io.Copy(w, io.NewSectionReader(s.rest, 0, math.MaxInt64))
	return n + more, err
}

// Close throws away what is kept.
func (s *Spool) Close() error {
	s.head = nil
	if s.rest == nil {
		return nil
	}
	return s.rest.Close()
}

// nameless makes a file that has no name any more.
func nameless(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "spool-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

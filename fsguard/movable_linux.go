// SPDX-License-Identifier: MIT

package fsguard

import (
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// What is looked at before a directory is renamed has bounds: a directory beyond them is
// left to be copied file by file.
const (
	// maxMove is how many entries it may have, in all.
	maxMove = 100_000
	// maxMoveDepth is how many directories may lie within each other, itself included.
	// Each of them is open while those within it are looked at.
	maxMoveDepth = 128
)

// movable reports whether everything beneath a directory may be written, where
// it is and under another name.
func (c *call) movable(from, to spot) bool {
	if c.hides(from.rel) {
		return false
	}
	here, _ := c.a.policy.Beneath("/" + from.rel)
	there, _ := c.a.policy.Beneath("/" + to.rel)
	if here == Write && there == Write {
		return true
	}
	s := survey{c: c, left: maxMove}
	return s.enter(from.dir, trim(from.name), from.rel, to.rel)
}

// survey looks at what lies beneath a directory.
type survey struct {
	c     *call
	left  int // entries that may still be looked at
	depth int // directories that are open
}

// enter looks at a directory by its name in another one, that is, at its canonical
// path and at the one that it is to have.
func (s *survey) enter(dir int, name, from, to string) bool {
	if s.depth == maxMoveDepth {
		return false
	}
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	f := os.NewFile(uintptr(fd), self(fd)) // the name serves to find the type of what does not tell it
	defer f.Close()
	s.depth++
	defer func() { s.depth-- }()
	return s.read(f, from, to)
}

// read looks at a directory by and by: it may be of any size.
func (s *survey) read(dir *os.File, from, to string) bool {
	for {
		batch, err := dir.ReadDir(askEvery)
		for _, d := range batch {
			if !s.entry(dir, d, from+"/"+d.Name(), to+"/"+d.Name()) {
				return false
			}
		}
		if err != nil {
			return err == io.EOF
		}
	}
}

func (s *survey) entry(dir *os.File, d fs.DirEntry, from, to string) bool {
	s.left--
	if s.left < 0 || s.left%askEvery == 0 && s.c.over() {
		return false
	}
	if len(from) >= unix.PathMax || len(to) >= unix.PathMax || !s.c.may(from) || !s.c.may(to) {
		return false
	}
	return !d.IsDir() || s.enter(int(dir.Fd()), d.Name(), from, to)
}

// SPDX-License-Identifier: MIT

package codebase

import (
	"context"
	"crypto/sha256"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/copyfile"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// bulk is from how many objects on a stage is moved by its directories.
const bulk = 256

// stage holds the objects of a write until its transaction, when they get their
// numbers. Until then they are numbered from zero.
type stage struct {
	c *codebase
	shelf
	dirs  int // how many directories there are
	size  uint64
	holes int64 // of what was added
	// synced says that each object is made to survive as soon as it is written.
	synced bool
	// taken are the objects that the transaction wants, with their numbers.
	taken map[uint64]uint64
	first uint64 // number of object 0, when all are moved together
}

// newStage begins a write.
func (c *codebase) newStage() (*stage, error) {
	if err := c.beginWriting(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.stages++
	prefix := strconv.FormatUint(c.stages, 10) + "."
	c.mu.Unlock()
	return &stage{c: c, shelf: shelf{c.path("tmp"), prefix}, taken: map[uint64]uint64{}}, nil
}

// grow makes the directories for n objects.
func (s *stage) grow(n uint64) error {
	s.size = n
	for uint64(s.dirs)*perDir < n {
		if err := s.c.store.disk.mkdir(s.sub(uint64(s.dirs)), 0o700); err != nil {
			return err
		}
		s.dirs++
	}
	return nil
}

var buffers = sync.Pool{New: func() any { return new([copyfile.BufferSize]byte) }}

// attributes are those of an object that is made.
type attributes struct {
	mode    fs.FileMode
	modTime int64
}

// add makes the next object, of what r yields up to its end. At most limit
// bytes are taken; more is ErrTooLarge. Zeros become holes.
func (s *stage) add(ctx context.Context, r io.Reader, limit int64, at attributes) (n uint64, size int64, sum [sha256.Size]byte, err error) {
	n = s.size
	if err := s.grow(n + 1); err != nil {
		return n, 0, sum, err
	}
	f, err := os.OpenFile(s.path(n), os.O_WRONLY|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return n, 0, sum, err
	}
	defer f.Close()
	buf := buffers.Get().(*[copyfile.BufferSize]byte)
	defer buffers.Put(buf)
	hash, out := sha256.New(), sparseFile{disk: &s.c.store.disk, f: f}
	for {
		if err := ctx.Err(); err != nil {
			return n, size, sum, err
		}
		got, err := r.Read(buf[:])
		if size += int64(got); size > limit {
			return n, size, sum, ErrTooLarge
		}
		if got > 0 {
			hash.Write(buf[:got])
			if err := out.write(buf[:got]); err != nil {
				return n, size, sum, err
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return n, size, sum, err
		}
	}
	hash.Sum(sum[:0])
	if err := out.finish(); err != nil {
		return n, size, sum, err
	}
	err = tree.FinishFile(int(f.Fd()), tree.Perm(at.mode), at.modTime, s.c.store.owner)
	if err == nil && s.synced {
		err = s.c.store.disk.fsync(f)
	}
	return n, size, sum, err
}

// settle makes the objects survive, before the transaction.
func (s *stage) settle() error {
	if s.size == 0 || s.synced {
		return nil
	}
	return s.c.store.disk.syncAll(s.dir)
}

// take gives an object its number.
func (s *stage) take(e *edit, n uint64) uint64 {
	if s.size >= bulk {
		if len(s.taken) == 0 {
			s.first = (e.next + perDir - 1) / perDir * perDir
			e.next = s.first + s.size
		}
		s.taken[n] = s.first + n
		return s.first + n
	}
	s.taken[n] = e.next
	e.next++
	return s.taken[n]
}

// move moves the objects that were taken to their places.
func (s *stage) move(objects shelf) error {
	if len(s.taken) == 0 {
		return nil
	}
	d := &s.c.store.disk
	if s.size >= bulk {
		for i := range uint64(s.dirs) {
			if err := d.rename(s.sub(i), objects.sub(s.first/perDir+i)); err != nil {
				return err
			}
		}
		return d.syncDir(objects.dir)
	}
	changed := map[uint64]bool{}
	for n, seq := range s.taken {
		if k := seq / perDir; !changed[k] {
			if err := s.c.makeShelf(objects, k); err != nil {
				return err
			}
			changed[k] = true
		}
		if err := d.rename(s.path(n), objects.path(seq)); err != nil {
			return err
		}
	}
	for k := range changed {
		if err := d.syncDir(objects.sub(k)); err != nil {
			return err
		}
	}
	return nil
}

// refused are numbers that were given to objects which the transaction does not
// want.
func (s *stage) refused() []uint64 {
	var seqs []uint64
	if s.size >= bulk && len(s.taken) > 0 {
		for n := range s.size {
			if _, ok := s.taken[n]; !ok {
				seqs = append(seqs, s.first+n)
			}
		}
	}
	return seqs
}

// close removes what is left.
func (s *stage) close() {
	for i := range uint64(s.dirs) {
		_ = tree.Remove(s.sub(i))
	}
	s.c.mu.Lock()
	gone := s.c.deleted
	s.c.mu.Unlock()
	if gone { // it may have been made after the rest was thrown away
		_ = os.Remove(s.dir)
		_ = os.Remove(filepath.Dir(s.dir))
	}
}

// SPDX-License-Identifier: MIT

package codebase

import (
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/copyfile"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// intake is an import that is going on.
type intake struct {
	c     *codebase
	stage *stage
	items []item              // in tree order; regular files by their number on the stage
	sums  [][sha256.Size]byte // of the objects on the stage
	// fresh says that the codebase was empty, with this version: the import is
	// then all that a checkout has to hold.
	fresh   bool
	version uint64
	// upload says that what is imported is to be seen in sandboxes that there are.
	upload bool

	mu      sync.Mutex // guards the rest while files are copied
	gone    map[string]bool
	skipped []tree.Problem
}

func (c *codebase) newIntake(ctx context.Context) (*intake, error) {
	in := &intake{c: c, gone: map[string]bool{}, skipped: []tree.Problem{}}
	err := c.view(ctx, func(v *contents) error {
		in.fresh, in.version = v.empty(), v.Version
		return nil
	})
	if err != nil {
		return nil, err
	}
	in.stage, err = c.newStage()
	return in, err
}

func (in *intake) skip(path string, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.gone[path] = true
	in.skipped = append(in.skipped, tree.Problem{Path: path, Err: pathError("import", path, err)})
}

// Import copies a directory, as it was listed, into a codebase. What is there
// stays, unless the directory has a file of the same path; a directory in the
// place of a file or the reverse is an error. An import into an empty codebase
// makes its checkout too, and gives the root the directory's mode and time.
//
// Devices, FIFOs and sockets, and what cannot be read, are left out, and
// returned. Their paths are those of the tree. A file that is written to while it
// is copied is tried three times; then the error is ErrChanged. After an error
// the codebase is as it was.
func (s *Store) Import(ctx context.Context, id string, t *tree.Tree) (skipped []tree.Problem, err error) {
	c, err := s.find(ctx, id)
	if err != nil {
		return nil, err
	}
	in, err := c.newIntake(ctx)
	if err != nil {
		return nil, err
	}
	defer in.stage.close()
	if err := in.choose(t); err != nil {
		return nil, err
	}
	var copier copyfile.Copier
	return in.finish(ctx, func(w *worker, it *item) (bool, error) { return in.copy(w, it, t.Dir, &copier) })
}

// choose selects what of a listing is taken over.
func (in *intake) choose(t *tree.Tree) error {
	in.skipped = append(in.skipped, t.Problems...)
	in.items = make([]item, 0, len(t.Entries))
	var objects uint64
	for i := range t.Entries {
		e := &t.Entries[i]
		switch {
		case e.Mode.Type() == fs.ModeIrregular:
			continue // one of the problems
		case e.Special():
			in.skip(e.Path, ErrSpecial)
			continue
		case len(e.Path) > maxPath:
			in.skip(e.Path, ErrInvalidPath)
			continue
		}
		it := item{Entry: tree.Entry{Path: e.Path, Mode: cleanMode(e.Mode), Size: e.Size, ModTime: e.ModTime, Link: e.Link}}
		if e.Mode.IsRegular() {
			it.seq = objects
			objects++
		}
		in.items = append(in.items, it)
	}
	in.sums = make([][sha256.Size]byte, objects)
	return in.stage.grow(objects)
}

// copy makes the object of a regular file.
func (in *intake) copy(w *worker, it *item, dir string, copier *copyfile.Copier) (ok bool, err error) {
	if w.src == nil {
		if w.src, err = tree.OpenCursor(dir); err != nil {
			return false, err
		}
	}
	dst, object, err := w.objects.find(it.seq)
	if err == nil {
		err = in.c.store.disk.before("write")
	}
	if err != nil {
		return false, err
	}
	src, name, err := w.src.At(it.Path)
	if err != nil {
		err = &copyfile.SourceError{Err: err}
	} else {
		err = copier.Copy(src, name, dst, object, w.buf, func(out int, st *unix.Stat_t) error {
			e := tree.EntryOf(it.Path, st)
			it.Mode, it.Size, it.ModTime = cleanMode(e.Mode), e.Size, e.ModTime
			if err := digest(out, w.buf, &in.sums[it.seq]); err != nil {
				return err
			}
			return tree.FinishFile(out, tree.Perm(it.Mode), it.ModTime, in.c.store.owner)
		})
	}
	if problem := (*copyfile.SourceError)(nil); errors.As(err, &problem) {
		in.skip(it.Path, problem.Err)
		return false, nil
	}
	return err == nil, err
}

// digest computes the SHA-256 of what an open file holds.
func digest(fd int, buf []byte, sum *[sha256.Size]byte) error {
	h := sha256.New()
	for at := int64(0); ; {
		n, err := unix.Pread(fd, buf, at)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		h.Write(buf[:n])
		if at += int64(n); n < len(buf) {
			// A short read of a regular file is its end.
			h.Sum(sum[:0])
			return nil
		}
	}
}

// finish makes the files, and a checkout if the codebase was empty, and commits
// it all. file, if any, makes the object of a regular file.
func (in *intake) finish(ctx context.Context, file func(w *worker, it *item) (bool, error)) (skipped []tree.Problem, err error) {
	c := in.c
	b := builder{disk: &c.store.disk, owner: c.store.owner, items: in.items, from: in.stage.shelf, file: file}
	if in.fresh {
		if b.dir, err = c.tempLayer(); err != nil {
			return nil, err
		}
		defer func() { _ = tree.Remove(b.dir) }() // unless it has been installed
	}
	if b.dir != "" || file != nil {
		if err := b.build(ctx); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(in.skipped, func(a, b tree.Problem) int { return tree.Compare(a.Path, b.Path) })
	var alone bool
	version, err := c.commit(ctx, in.stage, func(e *edit) error {
		alone = in.fresh && e.Version == in.version
		e.problems = in.skipped
		return in.record(e, alone)
	})
	if err != nil {
		return nil, err
	}
	if alone && version > in.version {
		in.install(b.dir, version)
	}
	return in.skipped, nil
}

// record puts what was imported into the database.
func (in *intake) record(e *edit, alone bool) error {
	e.unindexed = alone || len(in.items) > thinMost(e.FileCount)
	e.changed = true // even if all was skipped
	for i := range in.items {
		it := &in.items[i]
		if in.gone[it.Path] || it.Path == "/" && !alone {
			continue
		}
		rec := record{File: File{
			Path: it.Path, Mode: it.Mode, ModTime: it.ModTime, Written: e.now, Link: it.Link, Upload: in.upload && !it.Mode.IsDir(),
		}}
		switch {
		case it.Mode.IsRegular():
			rec.Size, rec.SHA256, rec.seq = it.Size, in.sums[it.seq], in.stage.take(e, it.seq)
		case it.Mode&fs.ModeSymlink != 0:
			rec.Size = int64(len(it.Link))
		}
		put := e.put
		if !alone {
			put = func(r record) error { return e.place("import", r) }
		}
		if err := put(rec); err != nil {
			return err
		}
	}
	return nil
}

// install makes the checkout of the import that of the codebase. Without it, it
// would be made when it is asked for.
func (in *intake) install(dir string, version uint64) {
	t := &tree.Tree{Entries: make([]tree.Entry, 0, len(in.items))}
	for i := range in.items {
		if it := &in.items[i]; !in.gone[it.Path] {
			e := it.Entry
			if e.Mode.IsDir() {
				e.Size = 0
			}
			t.Entries = append(t.Entries, e)
		}
	}
	l := &layer{name: layerName(version, version), base: version, version: version, tree: t}
	t.Dir = in.c.layerRoot(l)
	if in.c.install(dir, l) == nil {
		in.c.release(l)
	}
}

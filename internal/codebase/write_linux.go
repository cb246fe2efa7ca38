// SPDX-License-Identifier: MIT

package codebase

import (
	"context"
	"io"
	"io/fs"
	"math"
	"time"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Write uploads a file, of what r yields up to its end. The directories that
// lead to it are made. A file or a link that is there is replaced; a directory
// is ErrIsDirectory, and something else in the place of a directory
// ErrNotDirectory, in a *fs.PathError. Writes to a codebase may go on at the same
// time: only their ends have an order.
func (s *Store) Write(ctx context.Context, id, path string, r io.Reader, opts WriteOptions) (File, error) {
	path, err := ValidatePath(path)
	if err != nil {
		return File{}, err
	}
	c, err := s.find(ctx, id)
	if err != nil {
		return File{}, err
	}
	at, err := c.wanted(ctx, path, opts)
	if err != nil {
		return File{}, err
	}
	st, err := c.newStage()
	if err != nil {
		return File{}, err
	}
	defer st.close()
	st.synced = true
	limit := opts.Size
	if limit < 0 {
		limit = math.MaxInt64
	}
	n, size, sum, err := st.add(ctx, r, limit, at)
	if opts.Size >= 0 && (err == ErrTooLarge || err == nil && size != opts.Size) {
		err = ErrSize
	}
	if err != nil {
		return File{}, pathError("write", path, err)
	}
	rec := record{File: File{Path: path, Mode: at.mode, Size: size, ModTime: at.modTime, SHA256: sum, Upload: true}}
	version, err := c.commit(ctx, st, func(e *edit) error {
		rec.seq, rec.Written = st.take(e, n), e.now
		return e.place("write", rec)
	})
	rec.Version = version
	return rec.File, err
}

// wanted returns the attributes of a file to be written, and fails early where
// it cannot be.
func (c *codebase) wanted(ctx context.Context, path string, opts WriteOptions) (attributes, error) {
	at := attributes{mode: cleanMode(fs.FileMode(opts.Mode) & fs.ModePerm), modTime: opts.ModTime}
	if at.modTime == 0 {
		at.modTime = time.Now().UnixNano()
	}
	if path == "/" {
		return at, pathError("write", path, ErrIsDirectory)
	}
	err := c.view(ctx, func(v *contents) error {
		old, ok, err := v.get(path)
		if err != nil {
			return err
		}
		if ok && old.Mode.IsDir() {
			return pathError("write", path, ErrIsDirectory)
		}
		if opts.Mode == 0 {
			at.mode = defaultMode
			if ok && old.Mode.IsRegular() {
				at.mode = old.Mode
			}
		}
		for dir := path; dir != "/"; {
			dir, _ = tree.Split(dir)
			if r, ok, err := v.get(dir); err != nil || ok {
				if err == nil && !r.Mode.IsDir() {
					err = pathError("write", dir, ErrNotDirectory)
				}
				return err
			}
		}
		return nil
	})
	return at, err
}

// view runs f with what the codebase holds.
func (c *codebase) view(ctx context.Context, f func(v *contents) error) error {
	return c.store.view(ctx, func(t tables) error {
		v, err := t.contents(c.id)
		if err != nil {
			return err
		}
		return f(v)
	})
}

// Remove removes a path with all beneath it. A missing one is fs.ErrNotExist, in
// a *fs.PathError. The root cannot be removed.
func (s *Store) Remove(ctx context.Context, id, path string) error {
	path, err := ValidatePath(path)
	if err != nil {
		return err
	}
	if path == "/" {
		return pathError("remove", path, ErrInvalidPath)
	}
	c, err := s.find(ctx, id)
	if err != nil {
		return err
	}
	st, err := c.newStage()
	if err != nil {
		return err
	}
	defer st.close()
	_, err = c.commit(ctx, st, func(e *edit) error {
		if _, err := e.stat("remove", path); err != nil {
			return err
		}
		if err := e.clear(path, e.now); err != nil {
			return err
		}
		return e.bury(path, e.now)
	})
	return err
}

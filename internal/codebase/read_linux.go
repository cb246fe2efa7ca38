// SPDX-License-Identifier: MIT

package codebase

import (
	"context"
	"os"
)

// Stat returns a file. A missing one is fs.ErrNotExist, in a *fs.PathError.
func (s *Store) Stat(ctx context.Context, id, path string) (File, error) {
	path, err := ValidatePath(path)
	if err != nil {
		return File{}, err
	}
	var rec record
	err = s.contents(ctx, id, func(v *contents) (err error) {
		rec, err = v.stat("stat", path)
		return err
	})
	return rec.File, err
}

// contents runs f with what a codebase holds.
func (s *Store) contents(ctx context.Context, id string, f func(v *contents) error) error {
	return s.view(ctx, func(t tables) error {
		v, err := t.contents(id)
		if err != nil {
			return err
		}
		return f(v)
	})
}

// Open opens the content of a regular file, as it is now: later changes of the
// codebase do not change it. No symbolic link is followed: what is no regular
// file is ErrNotRegular.
func (s *Store) Open(ctx context.Context, id, path string) (*os.File, File, error) {
	path, err := ValidatePath(path)
	if err != nil {
		return nil, File{}, err
	}
	c, err := s.find(ctx, id)
	if err != nil {
		return nil, File{}, err
	}
	defer c.pin()()
	var rec record
	err = s.contents(ctx, id, func(v *contents) (err error) {
		if rec, err = v.stat("open", path); err == nil && !rec.Mode.IsRegular() {
			err = pathError("open", path, ErrNotRegular)
		}
		return err
	})
	if err != nil {
		return nil, File{}, err
	}
	f, err := openObject(c.objects.path(rec.seq))
	if err != nil {
		return nil, File{}, pathError("open", path, err)
	}
	return f, rec.File, nil
}

// Entries returns what a directory holds, in tree order (tree.Compare): its own
// names, or with recursive all that lies beneath it. The directory itself is not
// among them. An empty dir is the root.
func (s *Store) Entries(ctx context.Context, id, dir string, recursive bool) ([]File, error) {
	if dir == "" {
		dir = "/"
	}
	dir, err := ValidatePath(dir)
	if err != nil {
		return nil, err
	}
	var files []File
	err = s.contents(ctx, id, func(v *contents) error {
		r, err := v.stat("list", dir)
		if err != nil {
			return err
		}
		if !r.Mode.IsDir() {
			return pathError("list", dir, ErrNotDirectory)
		}
		walk := v.children
		if recursive {
			walk = v.beneath
		}
		return walk(dir, func(r *record) error {
			files = append(files, r.File)
			return ctx.Err()
		})
	})
	return files, err
}

// Since returns the files that were uploaded after a version and have not been
// changed otherwise, in the order of their uploads, or of their paths after a large
// import. It costs what changed since, in that case what there is, and nothing when no
// upload did. A checkout of that version or of an older one should still be held.
func (s *Store) Since(ctx context.Context, id string, version uint64) ([]File, error) {
	var files []File
	err := s.contents(ctx, id, func(v *contents) error {
		if v.uploaded <= version {
			return nil
		}
		if version < v.floor { // of a large import the changes are not listed
			return v.beneath("/", func(r *record) error {
				if r.Upload && r.Version > version {
					files = append(files, r.File)
				}
				return nil
			})
		}
		for _, ch := range v.since(version, -1) {
			if ch.kind != changeUpload {
				continue
			}
			r, err := v.stat("stat", ch.path)
			if err != nil {
				return err
			}
			files = append(files, r.File)
		}
		return nil
	})
	return files, err
}

// Fetch returns a file as it is now, with its content open if it is a regular one.
func (s *Store) Fetch(ctx context.Context, id, path string) (*os.File, File, error) {
	f, err := s.Stat(ctx, id, path)
	if err != nil || !f.Mode.IsRegular() {
		return nil, f, err
	}
	return s.Open(ctx, id, path)
}

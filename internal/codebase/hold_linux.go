// SPDX-License-Identifier: MIT

package codebase

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// layerOf finds a layer by the name of its checkout. The codebase is returned
// with its mu held, unless there is an error.
func (s *Store) layerOf(name string) (*codebase, *layer, error) {
	id, layer, _ := strings.Cut(name, "/")
	missing := pathError("load", name, os.ErrNotExist)
	if validateID(id) != nil {
		return nil, nil, missing
	}
	if _, err := os.Lstat(filepath.Join(s.dir, id, "checkouts")); err != nil {
		return nil, nil, missing
	}
	c := s.codebase(id)
	c.mu.Lock()
	err := c.learn()
	l := c.layers[layer]
	if err == nil && l == nil {
		err = missing
	}
	if err != nil {
		c.mu.Unlock()
		return nil, nil, err
	}
	return c, l, nil
}

// Hold keeps the checkouts of these names, which an earlier process made or
// this one, until Drop has been called as often. It reads nothing of them. A
// missing one is fs.ErrNotExist; the others are held all the same.
func (s *Store) Hold(names ...string) error {
	var failed error
	for _, name := range names {
		c, l, err := s.layerOf(name)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		l.uses++
		c.mu.Unlock()
	}
	return failed
}

// Drop takes back one Hold of each of these names.
func (s *Store) Drop(names ...string) {
	for _, name := range names {
		if c, l, err := s.layerOf(name); err == nil {
			c.mu.Unlock()
			c.release(l)
		}
	}
}

// Load returns a checkout by its name, of whatever version, also when its
// codebase has been deleted. A missing one is fs.ErrNotExist. It has to be
// released.
func (s *Store) Load(ctx context.Context, name string) (*Checkout, error) {
	c, l, err := s.layerOf(name)
	if err != nil {
		return nil, err
	}
	l.uses++
	t := l.tree
	c.mu.Unlock()
	if t == nil {
		if t, err = c.list(ctx, l); err != nil {
			c.release(l)
			return nil, err
		}
		c.mu.Lock()
		if l.tree == nil {
			l.tree = t
		}
		t = l.tree
		c.mu.Unlock()
	}
	return c.checkout(l, t), nil
}

// list lists a checkout as it is on disk.
func (c *codebase) list(ctx context.Context, l *layer) (*tree.Tree, error) {
	top, err := tree.List(ctx, c.layerRoot(l))
	if err != nil || l.below == nil {
		return plain(top), err
	}
	base, err := tree.List(ctx, c.layerRoot(l.below))
	if err != nil {
		return nil, err
	}
	return plain(merge(top, base)), nil
}

// Sweep removes the checkouts that earlier processes left, but for those that
// are held or in use, those for whose names keep says true, which then stay until
// the next Sweep, and for each codebase the one that the next checkout can build
// on.
func (s *Store) Sweep(keep func(name string) bool) error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	var failed error
	for _, e := range entries {
		if validateID(e.Name()) == nil {
			failed = errors.Join(failed, s.sweep(e.Name(), keep))
		}
	}
	return failed
}

func (s *Store) sweep(id string, keep func(name string) bool) error {
	st, err := s.stateOf(id)
	if err != nil {
		return err
	}
	c := s.codebase(id)
	c.mu.Lock()
	if err := c.learn(); err != nil {
		c.mu.Unlock()
		return err
	}
	if st == nil {
		c.deleted = true
	} else if c.base == nil {
		c.base = c.latestWhole(st.floor)
	}
	for _, l := range c.layers {
		l.adopted = keep(c.id + "/" + l.name)
	}
	for _, l := range c.layers {
		c.retire(l)
	}
	gone := c.deleted
	c.mu.Unlock()
	if gone {
		c.discard()
	}
	return nil
}

// stateOf returns the state of a codebase; nil when there is none.
func (s *Store) stateOf(id string) (*state, error) {
	var st *state
	err := s.view(context.Background(), func(t tables) (err error) {
		st, err = t.state(id)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return st, err
}

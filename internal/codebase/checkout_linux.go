// SPDX-License-Identifier: MIT

package codebase

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Checkout returns the current version of a codebase as directories. They are
// made by the first call after a change, and kept. Each checkout has to be
// released.
func (s *Store) Checkout(ctx context.Context, id string) (*Checkout, error) {
	c, err := s.find(ctx, id)
	if err != nil {
		return nil, err
	}
	if out, err := c.useCurrent(ctx); out != nil || err != nil {
		return out, err
	}
	select {
	case c.building <- struct{}{}:
		defer func() { <-c.building }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if out, err := c.useCurrent(ctx); out != nil || err != nil {
		return out, err
	}
	out, err := c.newCheckout(ctx)
	if err != nil {
		return nil, fmt.Errorf("checking out codebase %s: %w", id, err)
	}
	return out, nil
}

// useCurrent returns the last checkout if nothing has changed since; else nil.
func (c *codebase) useCurrent(ctx context.Context) (*Checkout, error) {
	var version uint64
	err := c.store.view(ctx, func(t tables) error {
		st, err := t.state(c.id)
		if err == nil {
			version = st.Version
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.current
	if l == nil || l.version != version || l.tree == nil {
		return nil, nil
	}
	l.uses++
	return c.checkout(l, l.tree), nil
}

// draft is what a new checkout is made of.
type draft struct {
	version uint64
	records []record
	// base is the whole that the checkout can build on, in use; nil for none.
	base    *layer
	changes []changed // since the base
}

// draft reads the database.
func (c *codebase) draft(ctx context.Context) (*draft, error) {
	d := &draft{}
	err := c.view(ctx, func(v *contents) (err error) {
		d.version = v.Version
		if d.records, err = v.all(); err != nil {
			return err
		}
		base, err := c.useBase(v.floor)
		if base == nil || err != nil {
			return err
		}
		most := thinMost(len(d.records))
		if d.changes = v.since(base.version, most+1); len(d.changes) > most {
			c.release(base)
			return nil
		}
		d.base = base
		return nil
	})
	return d, err
}

// useBase returns the latest whole layer from which all changes are known.
func (c *codebase) useBase(floor uint64) (*layer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.learn(); err != nil {
		return nil, err
	}
	best := c.latestWhole(floor)
	if best != nil {
		best.uses++
	}
	return best, nil
}

// latestWhole returns the latest whole layer not older than a version. c.mu is
// held.
func (c *codebase) latestWhole(floor uint64) *layer {
	var best *layer
	for _, l := range c.layers {
		if l.whole() && l.version >= floor && (best == nil || l.version > best.version) {
			best = l
		}
	}
	return best
}

// newCheckout makes one, or takes that of an earlier process. c.building is
// held.
func (c *codebase) newCheckout(ctx context.Context) (*Checkout, error) {
	defer c.pin()()
	d, err := c.draft(ctx)
	if err != nil {
		return nil, err
	}
	if d.base != nil {
		defer c.release(d.base)
	}
	t := listing(d.records)
	if l := c.adopt(d.version, t); l != nil {
		return c.checkout(l, t), nil
	}
	items, l := wholeItems(d.records), &layer{base: d.version, version: d.version, tree: t}
	if d.base != nil {
		l.base, l.below = d.base.version, d.base
		if items, err = c.thin(d); err != nil {
			return nil, err
		}
	}
	l.name = layerName(l.base, l.version)
	t.Dir = c.layerRoot(l)
	temp, err := c.buildLayer(ctx, items)
	if err != nil {
		return nil, err
	}
	if err := c.install(temp, l); err != nil {
		return nil, errors.Join(err, tree.Remove(temp))
	}
	return c.checkout(l, t), nil
}

// thin returns what the layer over the base has to hold.
func (c *codebase) thin(d *draft) ([]item, error) {
	cursor, err := tree.OpenCursor(c.layerRoot(d.base))
	if err != nil {
		return nil, err
	}
	defer cursor.Close()
	slices.SortFunc(d.changes, func(a, b changed) int { return tree.Compare(a.path, b.path) })
	return thinItems(d.changes, d.records, lowerLayer{cursor})
}

// adopt takes a layer of a version that is there already, and makes it the
// current one.
func (c *codebase) adopt(version uint64, t *tree.Tree) *layer {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.layers {
		if l.version == version {
			l.uses++
			l.tree = t
			c.setCurrent(l)
			return l
		}
	}
	return nil
}

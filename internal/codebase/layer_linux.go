// SPDX-License-Identifier: MIT

package codebase

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// tempPrefix begins the names of layers that are not finished.
const tempPrefix = ".tmp-"

// layer is a checkout on disk. Its fields are guarded by the codebase's mu.
type layer struct {
	name          string
	base, version uint64
	below         *layer // the whole that a thin one needs
	uses          int
	// adopted says that an earlier process made it, or that Sweep was told to
	// keep it: it stays until the next Sweep.
	adopted bool
	tree    *tree.Tree // nil until it is asked for
}

func (l *layer) whole() bool { return l.base == l.version }

func (c *codebase) layerDir(name string) string { return filepath.Join(c.path("checkouts"), name) }

func (c *codebase) layerRoot(l *layer) string { return filepath.Join(c.layerDir(l.name), rootName) }

// learn takes note of the layers of earlier processes. c.mu is held.
func (c *codebase) learn() error {
	if c.known {
		return nil
	}
	entries, err := os.ReadDir(c.path("checkouts"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var thin []*layer
	for _, e := range entries {
		base, version, ok := parseLayerName(e.Name())
		switch {
		case !ok && strings.HasPrefix(e.Name(), tempPrefix):
			if err := tree.Remove(c.layerDir(e.Name())); err != nil {
				return err
			}
		case ok && c.layers[e.Name()] == nil:
			l := &layer{name: e.Name(), base: base, version: version, adopted: true}
			c.layers[l.name] = l
			if !l.whole() {
				thin = append(thin, l)
			}
		}
	}
	for _, l := range thin {
		if l.below = c.layers[layerName(l.base, l.base)]; l.below == nil {
			delete(c.layers, l.name) // of no use
			_ = c.store.throw(c.layerDir(l.name))
			continue
		}
		l.below.uses++
	}
	c.known = true
	return nil
}

// oldest returns the version of the oldest checkout; 0 when there is none, or
// that is not known.
func (c *codebase) oldest() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.learn() != nil {
		return 0
	}
	var oldest uint64
	for _, l := range c.layers {
		if oldest == 0 || l.version < oldest {
			oldest = l.version
		}
	}
	return oldest
}

// retire removes a layer that nobody uses and that is not the latest. c.mu is
// held.
func (c *codebase) retire(l *layer) {
	if l == nil || l.uses > 0 || l == c.current || l == c.base || l.adopted || c.layers[l.name] != l {
		return
	}
	if err := c.store.throw(c.layerDir(l.name)); err != nil {
		return // it stays for the next process to sweep
	}
	delete(c.layers, l.name)
	if l.below != nil {
		l.below.uses--
		c.retire(l.below)
	}
}

// release says that one user of a layer is done with it.
func (c *codebase) release(l *layer) {
	c.mu.Lock()
	if l.uses > 0 {
		l.uses--
	}
	c.retire(l)
	gone := c.deleted && len(c.layers) == 0
	c.mu.Unlock()
	if gone {
		c.discard()
	}
}

// install moves a finished layer to its place and makes it the current one, in
// use once.
func (c *codebase) install(temp string, l *layer) error {
	if err := protect(temp, c.store.owner); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.deleted {
		return ErrNotFound
	}
	if err := c.store.disk.rename(temp, c.layerDir(l.name)); err != nil {
		return err
	}
	c.layers[l.name] = l
	l.uses++
	if l.below != nil {
		l.below.uses++
	}
	c.setCurrent(l)
	return nil
}

// setCurrent makes a layer the latest one. c.mu is held.
func (c *codebase) setCurrent(l *layer) {
	before, base := c.current, c.base
	c.current, c.base = l, l
	if l.below != nil {
		c.base = l.below
	}
	c.retire(before)
	c.retire(base)
}

// checkout returns a layer in use as a Checkout.
func (c *codebase) checkout(l *layer, t *tree.Tree) *Checkout {
	out := &Checkout{
		Name: c.id + "/" + l.name, Codebase: c.id, Version: l.version,
		Layers: []string{c.layerRoot(l)}, Tree: t,
	}
	if l.below != nil {
		out.Layers = append(out.Layers, c.layerRoot(l.below))
	}
	out.release = sync.OnceFunc(func() { c.release(l) })
	return out
}

// lowerLayer is a whole layer on disk.
type lowerLayer struct{ *tree.Cursor }

func (l lowerLayer) mode(path string) (fs.FileMode, bool, error) {
	dirfd, name, err := l.At(path)
	var st unix.Stat_t
	if err == nil {
		err = unix.Fstatat(dirfd, name, &st, unix.AT_SYMLINK_NOFOLLOW)
	}
	switch err {
	case nil:
		e := tree.EntryOf(path, &st)
		return e.Mode, true, nil
	case unix.ENOENT, unix.ENOTDIR, unix.ELOOP:
		return 0, false, nil
	}
	return 0, false, err
}

// buildLayer makes a layer beside its place.
func (c *codebase) buildLayer(ctx context.Context, items []item) (temp string, err error) {
	if temp, err = c.tempLayer(); err != nil {
		return "", err
	}
	b := builder{disk: &c.store.disk, owner: c.store.owner, dir: temp, items: items, from: c.objects}
	if err := b.build(ctx); err != nil {
		return "", errors.Join(err, tree.Remove(temp))
	}
	return temp, nil
}

// tempLayer makes the directory of a new layer.
func (c *codebase) tempLayer() (string, error) {
	c.mu.Lock()
	err := c.learn() // which takes unfinished ones for those of an earlier process
	c.mu.Unlock()
	if err != nil {
		return "", err
	}
	if err := c.makeDir(c.path(""), 0o711); err != nil {
		return "", err
	}
	if err := c.makeDir(c.path("checkouts"), 0o711); err != nil {
		return "", err
	}
	if err := c.store.disk.before("mkdir"); err != nil {
		return "", err
	}
	return os.MkdirTemp(c.path("checkouts"), tempPrefix)
}

// SPDX-License-Identifier: MIT

package codebase

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// pin keeps all objects until the function that it returns is called.
func (c *codebase) pin() (unpin func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.readers++
	return func() {
		c.mu.Lock()
		c.readers--
		gone := c.deleted
		c.mu.Unlock()
		if gone {
			c.discard()
			return
		}
		c.bury(nil)
	}
}

// bury removes objects as soon as nobody reads.
func (c *codebase) bury(runs []run) {
	c.mu.Lock()
	c.dead = append(c.dead, runs...)
	if c.readers > 0 || c.deleted {
		c.mu.Unlock()
		return
	}
	dead := c.dead
	c.dead = nil
	c.mu.Unlock()
	if len(dead) == 0 {
		return
	}
	done := c.store.unlink(c.objects, dead) // the others go when the store is opened next
	c.objects.clear(dead, c.next.Load())
	c.mu.Lock()
	defer c.mu.Unlock()
	c.removed = append(c.removed, done...)
}

// discard throws away what a codebase that was deleted does not need for the
// sandboxes that hold checkouts of it.
func (c *codebase) discard() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.readers > 0 {
		return
	}
	c.current, c.base = nil, nil
	for _, l := range c.layers {
		c.retire(l)
	}
	if len(c.layers) == 0 {
		c.store.forget(c) // first: with the directory gone, the ID can be used again
	}
	_ = c.store.discard(c.path("")) // what is left goes when the store is opened next
}

// openObject opens an object to read it. One whose mode closes it to its owner,
// who we may be, is opened up for the moment.
func openObject(path string) (*os.File, error) {
	open := func() (*os.File, error) {
		return os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	}
	f, err := open()
	if !errors.Is(err, unix.EACCES) {
		return f, err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, info.Mode()|0o400); err != nil {
		return nil, err
	}
	defer func() { _ = os.Chmod(filepath.Clean(path), info.Mode()) }()
	return open()
}

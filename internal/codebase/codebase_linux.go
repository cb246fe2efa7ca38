// SPDX-License-Identifier: MIT

package codebase

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"

	bolt "go.etcd.io/bbolt"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// codebase is what this process knows of one.
type codebase struct {
	store   *Store
	id      string
	objects shelf

	write   sync.Mutex    // held by the transaction that makes a version
	clean   bool          // there are no objects beyond the committed ones
	shelved uint64        // one more than the last directory of objects that was made
	next    atomic.Uint64 // no object gets a number beneath it any more

	begin sync.Mutex // held while the directories are made
	begun bool

	building chan struct{} // held by who makes a checkout

	mu      sync.Mutex
	deleted bool
	stages  uint64
	readers int   // while there are any, no object is removed
	dead    []run // to be removed
	removed []run // what the database still lists as dead
	layers  map[string]*layer
	known   bool   // the layers of earlier processes are among them
	current *layer // that of the last checkout
	base    *layer // the last whole one
}

func newCodebase(s *Store, id string) *codebase {
	return &codebase{
		store: s, id: id, objects: shelf{filepath.Join(s.dir, id, "objects"), ""},
		building: make(chan struct{}, 1), layers: map[string]*layer{},
	}
}

func (c *codebase) path(name string) string { return filepath.Join(c.store.dir, c.id, name) }

// beginWriting makes the directories before the first write of this process,
// and removes what earlier processes did not finish.
func (c *codebase) beginWriting() error {
	c.begin.Lock()
	defer c.begin.Unlock()
	if c.begun {
		return nil
	}
	if err := c.makeDir(c.path(""), 0o711); err != nil {
		return err
	}
	if err := tree.Remove(c.path("tmp")); err != nil {
		return err
	}
	for _, name := range []string{"objects", "tmp"} {
		if err := c.makeDir(c.path(name), 0o700); err != nil {
			return err
		}
	}
	d := &c.store.disk
	if err := errors.Join(d.syncDir(c.path("")), d.syncDir(c.store.dir)); err != nil {
		return err
	}
	c.begun = true
	return nil
}

// makeDir makes a directory that may be there already.
func (c *codebase) makeDir(path string, mode uint32) error {
	if err := c.store.disk.mkdir(path, mode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// makeShelf makes the directory k of the objects.
func (c *codebase) makeShelf(objects shelf, k uint64) error {
	if c.shelved > k {
		return nil
	}
	if err := c.makeDir(objects.sub(k), 0o700); err != nil {
		return err
	}
	if err := c.store.disk.syncDir(objects.dir); err != nil {
		return err
	}
	c.shelved = k + 1
	return nil
}

// commit runs f in a transaction, moves the objects that it took to their
// places, and makes the next version. When f changes nothing there is none. The
// version afterwards is returned.
func (c *codebase) commit(ctx context.Context, s *stage, f func(e *edit) error) (version uint64, err error) {
	if err := s.settle(); err != nil {
		return 0, err
	}
	oldest := c.oldest()
	c.write.Lock()
	defer c.write.Unlock()
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if err := c.sweepObjects(); err != nil {
		return 0, err
	}
	tx, err := c.store.db.Begin(true)
	if err != nil {
		return 0, err
	}
	defer func() { _ = tx.Rollback() }()
	t := tablesOf(tx)
	contents, err := t.contents(c.id)
	if err != nil {
		return 0, err
	}
	e := newEdit(contents)
	if err := f(e); err != nil {
		return 0, err
	}
	if !e.changed {
		return e.Version, nil
	}
	c.clean = false
	if err := s.move(c.objects); err != nil {
		return 0, err
	}
	if err := e.prune(oldest); err != nil {
		return 0, err
	}
	e.freed = append(e.freed, s.refused()...)
	dead, removed := runsOf(e.freed), c.takeRemoved()
	err = errors.Join(dropTrash(t.trash, c.id, removed), putTrash(t.trash, c.id, dead), e.save(t))
	if err == nil {
		err = c.store.disk.before("commit")
	}
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		// Whether it became durable is not known: the next write looks.
		c.mu.Lock()
		c.removed = append(c.removed, removed...)
		c.mu.Unlock()
		return 0, err
	}
	c.clean = true
	c.next.Store(e.next)
	c.bury(dead)
	return e.version, nil
}

// sweepObjects removes objects beyond those of the last transaction, if there
// can be any.
func (c *codebase) sweepObjects() error {
	if c.clean {
		return nil
	}
	var next uint64
	err := c.store.db.View(func(tx *bolt.Tx) error {
		st, err := tablesOf(tx).state(c.id)
		if err == nil {
			next = st.next
		}
		return err
	})
	if err != nil {
		return err
	}
	dirs, err := os.ReadDir(c.objects.dir)
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		k, err := strconv.ParseUint(dir.Name(), 10, 64)
		if err != nil || k < next/perDir {
			continue
		}
		if k > next/perDir || next%perDir == 0 {
			if err := tree.Remove(c.objects.sub(k)); err != nil {
				return err
			}
			c.shelved = min(c.shelved, k)
			continue
		}
		files, err := os.ReadDir(c.objects.sub(k))
		if err != nil {
			return err
		}
		for _, f := range files {
			n, err := strconv.ParseUint(f.Name(), 10, 64)
			if err == nil && k*perDir+n < next {
				continue
			}
			if err := os.Remove(filepath.Join(c.objects.sub(k), f.Name())); err != nil {
				return err
			}
		}
	}
	c.clean = true
	return nil
}

func (c *codebase) takeRemoved() []run {
	c.mu.Lock()
	defer c.mu.Unlock()
	removed := c.removed
	c.removed = nil
	return removed
}

// SPDX-License-Identifier: MIT

package codebase

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// thrownPrefix begins the names of directories that are going away.
const thrownPrefix = ".gone-"

// Store keeps codebases. It is safe for concurrent use. One directory and its
// database are for one Store at a time.
type Store struct {
	db    *bolt.DB
	dir   string
	owner tree.Owner
	disk  disk
	throw func(dir string) error

	mu      sync.Mutex
	open    map[string]*codebase
	thrown  int
	removal sync.WaitGroup
}

// Open opens the store in dir, which is made when it does not exist, with its
// metadata in db. The database stays the caller's: it may hold other buckets,
// and has to stay open as long as the store. What the sandboxes see belongs to
// owner.
//
// What an earlier process had begun to remove is removed. Checkouts that it left
// stay: see Hold and Sweep.
func Open(db *bolt.DB, dir string, owner tree.Owner, opts ...Option) (*Store, error) {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return nil, err
	}
	s := &Store{
		db: db, dir: dir, owner: owner, disk: disk{noSync: o.noSync}, throw: o.throw,
		open: map[string]*codebase{},
	}
	if s.throw == nil {
		s.throw = s.throwAway
	}
	if err := makeTables(db); err != nil {
		return nil, err
	}
	return s, errors.Join(s.clean(), s.emptyTrash())
}

// Close waits for what is being removed. The database is left open.
func (s *Store) Close() error {
	s.removal.Wait()
	return nil
}

// throwAway renames a directory and removes it in the background. What is left
// of it goes when the store is opened next.
func (s *Store) throwAway(dir string) error {
	s.mu.Lock()
	s.thrown++
	gone := filepath.Join(s.dir, thrownPrefix+strconv.Itoa(s.thrown))
	s.mu.Unlock()
	if err := os.Rename(dir, gone); err != nil {
		return err
	}
	s.removal.Go(func() { _ = tree.Remove(gone) })
	return nil
}

// clean removes what was thrown away, and what is left of codebases that were
// deleted, but for their checkouts, which sandboxes may still name.
func (s *Store) clean() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	return s.db.View(func(tx *bolt.Tx) error {
		t := tablesOf(tx)
		var failed error
		for _, e := range entries {
			path := filepath.Join(s.dir, e.Name())
			switch {
			case strings.HasPrefix(e.Name(), thrownPrefix):
				failed = errors.Join(failed, tree.Remove(path))
			case validateID(e.Name()) == nil && t.states.Get([]byte(e.Name())) == nil:
				failed = errors.Join(failed, s.discard(path))
			}
		}
		return failed
	})
}

// discard throws away what the directory of a deleted codebase holds, but for
// its checkouts.
func (s *Store) discard(dir string) error {
	var failed error
	for _, name := range []string{"objects", "tmp"} {
		if err := s.throw(filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			failed = errors.Join(failed, err)
		}
	}
	_ = os.Remove(filepath.Join(dir, "checkouts"))
	_ = os.Remove(dir) // unless checkouts are left
	return failed
}

// emptyTrash removes the objects that no record refers to any more.
func (s *Store) emptyTrash() error {
	type pile struct {
		id   string
		runs []run
		next uint64
	}
	var piles []pile
	err := s.db.View(func(tx *bolt.Tx) error {
		t := tablesOf(tx)
		c := t.trash.Cursor()
		for k, _ := c.First(); k != nil; {
			id, _, ok := splitTrashKey(k)
			if !ok {
				return errCorrupt
			}
			p := pile{id: id, runs: trashOf(t.trash, id)}
			if st, err := t.state(id); err == nil {
				p.next = st.next
			}
			piles = append(piles, p)
			k, _ = c.Seek(append([]byte(id), 1))
		}
		return nil
	})
	if err != nil || len(piles) == 0 {
		return err
	}
	for i := range piles {
		p := &piles[i]
		objects := shelf{filepath.Join(s.dir, p.id, "objects"), ""}
		all := p.runs
		p.runs = s.unlink(objects, all)
		objects.clear(all, p.next)
	}
	return s.db.Update(func(tx *bolt.Tx) error {
		trash := tablesOf(tx).trash
		for _, p := range piles {
			if err := dropTrash(trash, p.id, p.runs); err != nil {
				return err
			}
		}
		return nil
	})
}

// unlink removes objects, and returns the runs of which none is left.
func (s *Store) unlink(objects shelf, runs []run) (done []run) {
	for _, r := range runs {
		failed := false
		for seq := r.from; seq < r.from+r.count; seq++ {
			if s.disk.unlink(objects.path(seq)) != nil {
				failed = true
			}
		}
		if !failed {
			done = append(done, r)
		}
	}
	return done
}

// Create makes an empty codebase. ID, Name, OwnerID and Source are taken from
// info; the owner may be empty. An ID that is in use is ErrExists.
func (s *Store) Create(ctx context.Context, info Info) (Info, error) {
	if err := errors.Join(validateID(info.ID), validateOwner(info.OwnerID), ctx.Err()); err != nil {
		return Info{}, err
	}
	now := time.Now()
	st := &state{Info: Info{
		ID: info.ID, Name: info.Name, OwnerID: info.OwnerID, Source: info.Source,
		Created: now, Updated: now, Version: 1,
	}}
	if _, err := os.Lstat(filepath.Join(s.dir, info.ID)); err == nil {
		return Info{}, ErrExists // that of a deleted one
	}
	err := s.update(func(t tables) error { return t.create(st) })
	if err != nil {
		return Info{}, err
	}
	return st.Info, nil
}

// Get returns a codebase.
func (s *Store) Get(ctx context.Context, id string) (Info, error) {
	var info Info
	err := s.view(ctx, func(t tables) error {
		st, err := t.state(id)
		if err != nil {
			return err
		}
		info = st.Info
		if b := t.skipped.Get([]byte(id)); b != nil {
			info.Skipped, err = decodeProblems(b)
		}
		return err
	})
	return info, err
}

// view runs f in a transaction that reads.
func (s *Store) view(ctx context.Context, f func(t tables) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.db.View(func(tx *bolt.Tx) error { return f(tablesOf(tx)) })
}

// update runs f in a transaction that writes.
func (s *Store) update(f func(t tables) error) error {
	return s.db.Update(func(tx *bolt.Tx) error {
		if err := f(tablesOf(tx)); err != nil {
			return err
		}
		return s.disk.before("commit")
	})
}

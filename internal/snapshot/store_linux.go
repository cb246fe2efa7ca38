// SPDX-License-Identifier: MIT

package snapshot

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

const (
	// maxIdle is how many snapshots that nobody uses a store keeps.
	maxIdle = 16
	// tempPrefix begins the names of snapshots that are not finished or going
	// away.
	tempPrefix = ".tmp-"
	// rootName is the copy within a snapshot's own directory.
	rootName = "root"
)

// Store keeps snapshots on disk. It is safe for concurrent use. One directory
// is for one Store at a time.
type Store struct {
	dir   string
	owner tree.Owner

	mu      sync.Mutex
	held    map[*Snapshot]*held
	byID    map[string]*held
	last    map[key]*held
	idle    []*held                // unused, the longest first
	sources map[string]*sync.Mutex // held while a source is copied
	removal sync.WaitGroup
}

// key says of what a snapshot is.
type key struct {
	dir     string
	policed bool
	policy  [32]byte
}

// held is a snapshot and what it was made of.
type held struct {
	*Snapshot
	key    key
	uses   int
	source *tree.Tree
	chosen *selection
	racy   bool // something may have changed without a trace
}

// Open opens the store in dir, which is made when it does not exist. What
// snapshots hold will belong to owner. Unfinished snapshots that an earlier
// process left are removed; finished ones stay, see Load and Sweep.
func Open(dir string, owner tree.Owner) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return nil, err
	}
	s := &Store{
		dir: dir, owner: owner,
		held: map[*Snapshot]*held{}, byID: map[string]*held{}, last: map[key]*held{}, sources: map[string]*sync.Mutex{},
	}
	return s, s.sweep(func(name string) bool { return !strings.HasPrefix(name, tempPrefix) })
}

// Take returns a snapshot of what the policy lets be seen of a source; a nil
// policy lets all be seen. The listing has to be recent. It may have been
// pruned by fsguard.PruneFor. When nothing visible changed since the last
// snapshot of the same directory under the same policy, that one is returned.
// Each snapshot that Take returned has to be released.
//
// A file that is written to while it is copied is tried three times; then the
// error is an *fs.PathError with ErrChanged.
func (s *Store) Take(ctx context.Context, src *tree.Tree, policy *fsguard.Policy) (*Snapshot, error) {
	k := key{dir: src.Dir}
	if policy != nil {
		k.policed, k.policy = true, policy.Digest()
	}
	defer s.lockSource(k.dir)()

	last := s.use(k)
	if last != nil && !last.racy && sameTree(last.source, src) {
		return last.Snapshot, nil
	}
	var plan *fsguard.Plan
	if policy != nil {
		plan = fsguard.NewPlan(src, policy)
	}
	chosen := selectVisible(src, policy, plan)
	if last != nil && !last.racy && last.chosen.same(chosen) {
		return last.Snapshot, nil
	}
	if last != nil {
		defer s.Release(last.Snapshot)
	}
	return s.build(ctx, k, src, plan, chosen)
}

// build makes a new snapshot beside its place and moves it there when it is
// whole.
func (s *Store) build(ctx context.Context, k key, src *tree.Tree, plan *fsguard.Plan, chosen *selection) (_ *Snapshot, err error) {
	temp, err := os.MkdirTemp(s.dir, tempPrefix)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("taking snapshot: %w", err), tree.Remove(temp))
		}
	}()
	bases := s.useBases(k)
	defer func() {
		for _, b := range bases {
			s.Release(b.Snapshot)
		}
	}()
	b := builder{
		source: src.Dir, dir: filepath.Join(temp, rootName), owner: s.owner,
		chosen: chosen, bases: bases,
	}
	if err := b.build(ctx); err != nil {
		return nil, err
	}
	if err := writeHidden(temp, chosen.hidden); err != nil {
		return nil, err
	}
	if err := s.protect(temp); err != nil {
		return nil, err
	}
	id := rand.Text()
	if err := os.Rename(temp, filepath.Join(s.dir, id)); err != nil {
		return nil, err
	}
	temp = filepath.Join(s.dir, id)
	listing, err := tree.List(ctx, filepath.Join(temp, rootName))
	if err != nil {
		return nil, err
	}
	snap := &Snapshot{ID: id, Dir: listing.Dir, Tree: listing, Plan: plan, Skipped: chosen.skipped}
	s.add(&held{Snapshot: snap, key: k, source: src, chosen: chosen, racy: chosen.anyRacy(src.Listed)})
	return snap, nil
}

// protect keeps other users of the machine out, for whom the source's own
// directory might have been closed.
func (s *Store) protect(dir string) error {
	if !s.owner.Set() {
		return nil // MkdirTemp made it for its owner alone
	}
	if err := os.Chown(dir, -1, s.owner.GID); err != nil {
		return err
	}
	return os.Chmod(dir, 0o710)
}

// Load returns a snapshot that an earlier process took, by its ID. It has no Tree
// and no Plan; see Hidden. A missing one is fs.ErrNotExist. It has to be released;
// that of the last user removes it.
func (s *Store) Load(id string) (*Snapshot, error) {
	fail := func(err error) (*Snapshot, error) { return nil, &fs.PathError{Op: "load", Path: id, Err: err} }
	if id != filepath.Base(id) || strings.HasPrefix(id, ".") {
		return fail(fs.ErrNotExist)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.byID[id]; h != nil {
		s.useLocked(h)
		return h.Snapshot, nil
	}
	dir := filepath.Join(s.dir, id, rootName)
	if fi, err := os.Lstat(dir); err != nil || !fi.IsDir() {
		return fail(fs.ErrNotExist)
	}
	h := &held{Snapshot: &Snapshot{ID: id, Dir: dir}, uses: 1}
	s.held[h.Snapshot], s.byID[id] = h, h
	return h.Snapshot, nil
}

// Sweep removes the snapshots that were neither taken nor loaded by this
// store.
func (s *Store) Sweep() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sweep(func(name string) bool { return s.byID[name] != nil || strings.HasPrefix(name, tempPrefix) })
}

func (s *Store) sweep(keep func(name string) bool) error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !keep(e.Name()) {
			err = errors.Join(err, tree.Remove(filepath.Join(s.dir, e.Name())))
		}
	}
	return err
}

// lockSource lets one Take at a time copy a directory, so that the others find
// what it made. It returns the unlock.
func (s *Store) lockSource(dir string) func() {
	s.mu.Lock()
	m := s.sources[dir]
	if m == nil {
		m = new(sync.Mutex)
		s.sources[dir] = m
	}
	s.mu.Unlock()
	m.Lock()
	return m.Unlock
}

// maxBases is how many earlier snapshots a new one takes its files from.
const maxBases = 3

// useBases returns snapshots of the same source, in use: first the one under
// the same policy, then the latest.
func (s *Store) useBases(k key) []*held {
	s.mu.Lock()
	defer s.mu.Unlock()
	var bases []*held
	for _, h := range s.last {
		if h.key.dir == k.dir {
			bases = append(bases, h)
		}
	}
	slices.SortFunc(bases, func(a, b *held) int {
		switch {
		case a.key == k:
			return -1
		case b.key == k:
			return 1
		case a.source.Listed > b.source.Listed:
			return -1
		}
		return 1
	})
	bases = bases[:min(len(bases), maxBases)]
	for _, h := range bases {
		s.useLocked(h)
	}
	return bases
}

// SPDX-License-Identifier: MIT

package snapshot

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// use returns the last snapshot of k, in use once more, or nil.
func (s *Store) use(k key) *held {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.last[k]
	if h != nil {
		s.useLocked(h)
	}
	return h
}

func (s *Store) useLocked(h *held) {
	h.uses++
	s.idle = slices.DeleteFunc(s.idle, func(o *held) bool { return o == h })
}

// add makes a new snapshot, in use once, the last of its key.
func (s *Store) add(h *held) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h.uses = 1
	old := s.last[h.key]
	s.held[h.Snapshot], s.byID[h.ID] = h, h
	s.last[h.key] = h
	if old != nil && old.uses == 0 {
		s.idle = slices.DeleteFunc(s.idle, func(o *held) bool { return o == old })
		s.remove(old)
	}
}

// Release says that one user of a snapshot is done with it: it is not mounted
// by that user any more. The last one of a source is kept for a while.
func (s *Store) Release(snap *Snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.held[snap]
	if h == nil || h.uses == 0 {
		return
	}
	h.uses--
	switch {
	case h.uses > 0:
	case s.last[h.key] != h:
		s.remove(h)
	default:
		s.idle = append(s.idle, h)
		for len(s.idle) > maxIdle {
			s.remove(s.idle[0])
			s.idle = s.idle[1:]
		}
	}
}

// remove forgets a snapshot and removes it from disk in the background. It is
// renamed first, so that half of it is never taken for a snapshot.
func (s *Store) remove(h *held) {
	delete(s.held, h.Snapshot)
	delete(s.byID, h.ID)
	if s.last[h.key] == h {
		delete(s.last, h.key)
	}
	dir := filepath.Join(s.dir, h.ID)
	gone := filepath.Join(s.dir, tempPrefix+h.ID)
	if err := os.Rename(dir, gone); err != nil {
		return // Sweep of the next process finds it
	}
	s.removal.Go(func() {
		_ = tree.Remove(gone) // what is left goes when the store is opened next
	})
}

// Close waits for what is being removed. Snapshots stay on disk.
func (s *Store) Close() error {
	s.removal.Wait()
	return nil
}

// SPDX-License-Identifier: MIT

package codebase

import (
	"bytes"
	"context"
)

// List returns the codebases of an owner, or all if that is empty, by their IDs,
// those after the ID after, and at most limit of them unless limit is 0. When there are more, next
// is what to continue with; else it is empty. Skipped is left out.
func (s *Store) List(ctx context.Context, ownerID, after string, limit int) (page []Info, next string, err error) {
	if err := validateOwner(ownerID); err != nil {
		return nil, "", err
	}
	prefix, from := ownerKey(ownerID, ""), ownerKey(ownerID, after)
	if ownerID == "" {
		prefix, from = nil, []byte(after)
	}
	err = s.view(ctx, func(t tables) error {
		c := t.owners.Cursor()
		if ownerID == "" {
			c = t.states.Cursor()
		}
		k, _ := c.Seek(from)
		if after != "" && bytes.Equal(k, from) {
			k, _ = c.Next()
		}
		for ; k != nil && bytes.HasPrefix(k, prefix); k, _ = c.Next() { // a nil prefix is one of nil, too
			if limit > 0 && len(page) == limit {
				next = page[limit-1].ID
				return nil
			}
			st, err := t.state(string(k[len(prefix):]))
			if err != nil {
				return err
			}
			page = append(page, st.Info)
		}
		return nil
	})
	return page, next, err
}

// Delete forgets a codebase and removes its files in the background. Sandboxes
// that hold checkouts of it go on.
func (s *Store) Delete(ctx context.Context, id string) error {
	c, err := s.find(ctx, id)
	if err != nil {
		return err
	}
	c.write.Lock()
	defer c.write.Unlock()
	if err := s.update(func(t tables) error { return t.remove(id) }); err != nil {
		return err
	}
	c.mu.Lock()
	c.deleted = true
	c.mu.Unlock()
	c.discard()
	return nil
}

// find returns what this process knows of a codebase that exists.
func (s *Store) find(ctx context.Context, id string) (*codebase, error) {
	err := s.view(ctx, func(t tables) error {
		if t.states.Get([]byte(id)) == nil {
			return ErrNotFound
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.codebase(id), nil
}

func (s *Store) codebase(id string) *codebase {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.open[id]
	if c == nil {
		c = newCodebase(s, id)
		s.open[id] = c
	}
	return c
}

// forget drops what this process knows of a codebase that was deleted.
func (s *Store) forget(c *codebase) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[c.id] == c {
		delete(s.open, c.id)
	}
}

// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Checkpoint is a state of a sandbox that was kept.
type Checkpoint struct {
	ID      string    `json:"id"`
	Name    string    `json:"name,omitempty"`
	Created time.Time `json:"created"`
}

// Discard drops what a sandbox changed, as DeltaService says.
func (m *Manager) Discard(ctx context.Context, sandboxID string) error {
	_, err := m.change("discard", sandboxID, func(s *resident) error {
		return s.rollBack(ctx, "discard", func() error { return s.workspace.Discard(ctx) })
	})
	return err
}

// Restore puts a sandbox back to a checkpoint, as DeltaService says.
func (m *Manager) Restore(ctx context.Context, sandboxID, checkpointID string) error {
	_, err := m.change("restore", sandboxID, func(s *resident) error {
		if s.checkpoint(checkpointID) < 0 {
			return s.fail("restore", "", ErrCheckpointNotFound)
		}
		return s.rollBack(ctx, "restore", func() error { return s.workspace.Restore(ctx, checkpointID) })
	})
	return err
}

// rollBack does something to the delta of a sandbox in which nothing goes on.
func (s *resident) rollBack(ctx context.Context, op string, do func() error) error {
	done, err := s.begin()
	if err != nil {
		return s.fail(op, "", err)
	}
	defer done()
	if _, err := s.tree(ctx); err != nil {
		return s.fail(op, "", err)
	}
	if err := s.quiesce(); err != nil {
		return s.fail(op, "", err)
	}
	if err := do(); err != nil {
		return s.fail(op, "", err)
	}
	return s.save()
}

// CreateCheckpoint keeps the state of a sandbox, as DeltaService says.
func (m *Manager) CreateCheckpoint(ctx context.Context, sandboxID, name string) (c *Checkpoint, err error) {
	_, err = m.change("checkpoint", sandboxID, func(s *resident) (err error) {
		c, err = s.keep(ctx, name)
		return err
	})
	return c, err
}

func (s *resident) keep(ctx context.Context, name string) (*Checkpoint, error) {
	fail := func(err error) (*Checkpoint, error) { return nil, s.fail("checkpoint", "", err) }
	if strings.ContainsRune(name, 0) || len(name) > 256 {
		return fail(invalidf("a checkpoint's name has 256 bytes at most, and no NUL"))
	}
	done, err := s.begin()
	if err != nil {
		return fail(err)
	}
	defer done()
	id, err := newID("cp")
	if err != nil {
		return fail(err)
	}
	w, err := s.tree(ctx)
	if err == nil {
		err = w.Keep(ctx, id)
	}
	if err != nil {
		return fail(err)
	}
	c := Checkpoint{ID: id, Name: name, Created: time.Now()}
	s.mu.Lock()
	s.record.Checkpoints = append(slices.Clone(s.record.Checkpoints), c)
	s.mu.Unlock()
	if err := s.save(); err != nil {
		return nil, err
	}
	return &c, nil
}

// ListCheckpoints lists checkpoints, as DeltaService says.
func (m *Manager) ListCheckpoints(ctx context.Context, sandboxID string) (list []Checkpoint, err error) {
	_, err = m.change("list checkpoints", sandboxID, func(s *resident) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		list = slices.Clone(s.record.Checkpoints)
		return nil
	})
	return list, err
}

// DeleteCheckpoint drops a checkpoint, as DeltaService says.
func (m *Manager) DeleteCheckpoint(ctx context.Context, sandboxID, checkpointID string) error {
	_, err := m.change("delete checkpoint", sandboxID, func(s *resident) error { return s.drop(ctx, checkpointID) })
	return err
}

func (s *resident) drop(ctx context.Context, id string) error {
	done, err := s.begin()
	if err != nil {
		return s.fail("delete checkpoint", "", err)
	}
	defer done()
	at := s.checkpoint(id)
	if at < 0 {
		return s.fail("delete checkpoint", "", ErrCheckpointNotFound)
	}
	w, err := s.tree(ctx)
	if err != nil {
		return s.fail("delete checkpoint", "", err)
	}
	s.mu.Lock()
	s.record.Checkpoints = slices.Delete(slices.Clone(s.record.Checkpoints), at, at+1)
	s.mu.Unlock()
	if err := s.save(); err != nil {
		return err
	}
	return w.DropKept(id)
}

// checkpoint is the place of a checkpoint among those of the sandbox, or -1.
func (s *resident) checkpoint(id string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.IndexFunc(s.record.Checkpoints, func(c Checkpoint) bool { return c.ID == id })
}

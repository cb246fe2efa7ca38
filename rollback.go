// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"errors"
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
		return s.rollBack(ctx, "discard", func() error { return errors.Join(s.workspace.Mend(ctx), s.workspace.Discard(ctx)) })
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
	done, err := s.begin(ctx)
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
	return nil
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
	done, err := s.begin(ctx)
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
	if err := s.setCheckpoints(func(all []Checkpoint) []Checkpoint { return append(all, c) }); err != nil {
		return nil, errors.Join(err, w.DropKept(id))
	}
	return &c, nil
}

// setCheckpoints replaces the list of checkpoints. On an error it is as it was.
func (s *resident) setCheckpoints(change func([]Checkpoint) []Checkpoint) error {
	s.mu.Lock()
	old := s.record.Checkpoints
	s.record.Checkpoints = change(slices.Clone(old))
	s.mu.Unlock()
	err := s.save()
	if err != nil {
		s.mu.Lock()
		s.record.Checkpoints = old
		s.mu.Unlock()
	}
	return err
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
	done, err := s.begin(ctx)
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
	if err := s.setCheckpoints(func(all []Checkpoint) []Checkpoint { return slices.Delete(all, at, at+1) }); err != nil {
		return err
	}
	if err := w.DropKept(id); err != nil {
		return s.fail("delete checkpoint", "", err)
	}
	return nil
}

// checkpoint is the place of a checkpoint among those of the sandbox, or -1.
func (s *resident) checkpoint(id string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.IndexFunc(s.record.Checkpoints, func(c Checkpoint) bool { return c.ID == id })
}

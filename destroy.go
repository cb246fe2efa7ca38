// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/sandbox-rls/sandbox/internal/commit"
)

// destroy stops the sandbox and removes it. What it changed goes into its codebase
// before: while that cannot be done it stays, stopped. The end of its record is the
// end of the sandbox.
func (s *resident) destroy(ctx context.Context) error {
	done, err := s.begin(ctx)
	if err != nil {
		return s.fail("destroy", "", err)
	}
	defer done()
	stopped := s.stopLocked()
	if err := s.fold(ctx); err != nil {
		if stopped {
			err = errors.Join(err, s.save())
		}
		return s.fail("destroy", "", err)
	}
	s.saving.Lock()
	err = s.manager.sandboxes.Delete(s.id)
	if err == nil {
		s.mu.Lock()
		s.over = ErrSandboxNotFound
		s.mu.Unlock()
	}
	s.saving.Unlock()
	if err != nil {
		return s.fail("destroy", "", err)
	}
	s.discardTree()
	s.manager.forget(s)
	return nil
}

func (s *resident) discardTree() {
	s.mu.Lock()
	w := s.workspace
	s.mu.Unlock()
	if w == nil {
		s.manager.engine.Drop(s.id)
		return
	}
	w.Release()
}

// fold puts what the sandbox changed into its codebase: all of it that is of
// a kind that a codebase has, and that nobody has written later.
func (s *resident) fold(ctx context.Context) error {
	if s.record.Info.CodebaseID == "" {
		return nil
	}
	w, err := s.tree(ctx)
	if err != nil {
		return err
	}
	if err := w.Mend(ctx); err != nil {
		return err
	}
	hold, err := w.Hold()
	if err != nil {
		return err
	}
	defer hold()
	left, err := w.Fold(ctx)
	s.logLeft(left)
	if err != nil && !isGone(kindOf(err)) {
		return fmt.Errorf("what it changed could not be put into codebase %s: %w; make room, or discard the changes, and destroy it again", s.record.Info.CodebaseID, err)
	}
	return nil
}

// What is left out of a codebase is logged path by path, up to these many of them and
// that many bytes of each: a sandbox may have made any number of any length.
const (
	maxLeft     = 100
	maxLeftPath = 1024
)

// logLeft says what of a sandbox goes with it.
func (s *resident) logLeft(left []commit.Item) {
	for i, item := range left {
		if i == maxLeft {
			s.logger.Warn("more of a sandbox's changes left out of its codebase", "id", s.id, "codebase", s.record.Info.CodebaseID, "count", len(left)-i)
			return
		}
		path := item.Path
		if len(path) > maxLeftPath {
			path = path[:maxLeftPath] + "…"
		}
		s.logger.Warn("change of a sandbox left out of its codebase", "id", s.id, "codebase", s.record.Info.CodebaseID, "path", path, "reason", item.Reason)
	}
}

// leaveManager stops the sandbox for good, as far as this manager is concerned.
func (s *resident) leaveManager(destroy bool) {
	s.change.Lock()
	defer s.change.Unlock()
	stopped := s.stopLocked()
	if !destroy {
		if stopped {
			if err := s.save(); err != nil {
				s.logger.Warn("state of a sandbox not stored", "id", s.id, "error", err)
			}
		}
		s.mu.Lock()
		w := s.workspace
		s.mu.Unlock()
		if w != nil {
			if err := w.Leave(); err != nil {
				s.logger.Warn("delta of a sandbox not closed", "id", s.id, "error", err)
			}
		}
	}
	s.mu.Lock()
	s.over = ErrClosed
	s.mu.Unlock()
	if destroy {
		s.discardTree()
	}
	s.manager.forget(s)
}

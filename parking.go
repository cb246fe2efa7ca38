// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"fmt"
	"time"

	"github.com/sandbox-rls/sandbox/internal/engine"
	"github.com/sandbox-rls/sandbox/runtime"
)

// DefaultParkAfter is how long a sandbox keeps its init when it has nothing to
// do; see Config.ParkAfter.
const DefaultParkAfter = 30 * time.Second

// enter gives the box of a running sandbox to a command, a session or a call,
// which keeps it from being parked until leave. A parked sandbox is brought back.
func (s *resident) enter(ctx context.Context) (*engine.Box, error) {
	box, err := s.use()
	if err == nil && box == nil {
		box, err = s.unpark(ctx)
	}
	if err != nil {
		return nil, err
	}
	s.touch()
	return box, nil
}

// use is enter for a sandbox that is not parked. Of one that is, it is nil.
func (s *resident) use() (*engine.Box, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	box, err := s.runningLocked()
	if box != nil {
		s.uses++
	}
	return box, err
}

// leave is the other half of enter.
func (s *resident) leave() {
	s.touch()
	s.release()
}

// release is the other half of use.
func (s *resident) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.uses--; s.uses == 0 {
		s.rest()
	}
}

// runningLocked returns the box, nil of a parked sandbox, or why there is none.
func (s *resident) runningLocked() (*engine.Box, error) {
	s.noticeEndLocked()
	switch {
	case s.over != nil:
		return nil, s.over
	case s.record.Info.Reason != "":
		return nil, fmt.Errorf("%w: %s", ErrSandboxNotRunning, s.record.Info.Reason)
	case s.record.Info.Status != StatusRunning:
		return nil, ErrSandboxNotRunning
	}
	return s.box, nil
}

// running is runningLocked for whoever does not need the box to stay.
func (s *resident) running() (*engine.Box, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.runningLocked()
}

// rest notes, with s.mu held, that nothing needs the box from now on, and has it
// looked at again when it may be parked. One timer does for any number of
// commands.
func (s *resident) rest() {
	s.unused = time.Now()
	if after := s.manager.parkAfter; after > 0 && s.parking == nil && s.uses == 0 {
		s.parking = time.AfterFunc(after, s.considerParking)
	}
}

// considerParking parks the sandbox if nothing has needed its box for long enough.
func (s *resident) considerParking() {
	if s.manager.enter() != nil {
		return // it is being closed
	}
	defer s.manager.making.Done()
	s.change.Lock()
	defer s.change.Unlock()
	s.mu.Lock()
	s.noticeEndLocked()
	s.parking = nil
	box := s.box
	if box == nil || s.uses > 0 || s.record.Info.Status != StatusRunning || !box.CanPark() {
		s.mu.Unlock()
		return
	}
	if left := s.manager.parkAfter - time.Since(s.unused); left > 0 {
		s.parking = time.AfterFunc(left, s.considerParking)
		s.mu.Unlock()
		return
	}
	s.box = nil // whoever comes now waits for s.change, to bring it back
	w := s.workspace
	s.mu.Unlock()
	w.Park(box)
	if p, ok := s.runtime.(runtime.Preparer); ok {
		p.Prepare() // for when it is brought back
	}
	s.logger.Debug("sandbox parked", "id", s.id)
}

// unpark brings the sandbox's init back, and enters before it can be parked again.
func (s *resident) unpark(ctx context.Context) (*engine.Box, error) {
	done, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	box, err := s.use()
	if err != nil || box != nil {
		return box, err // somebody else has done it, or has stopped it
	}
	if box, err = s.boot(ctx); err != nil {
		return nil, err
	}
	s.take(ctx, box)
	s.logger.Debug("sandbox brought back", "id", s.id)
	return box, nil
}

// quiesce takes the box from a sandbox in which nothing goes on, so that its
// layers are mounted nowhere, with s.change held. Where something does it is
// ErrSandboxBusy. A running sandbox is parked then.
func (s *resident) quiesce() error {
	s.mu.Lock()
	s.noticeEndLocked()
	box := s.box
	if box != nil && s.uses > 0 && s.record.Info.Status == StatusRunning {
		s.mu.Unlock()
		return ErrSandboxBusy
	}
	s.box = nil
	w, running := s.workspace, s.record.Info.Status == StatusRunning
	s.mu.Unlock()
	switch {
	case box == nil:
	case running:
		w.Park(box)
	default:
		box.Close()
	}
	return nil
}

// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"sync"
	"time"

	"github.com/sandbox-rls/sandbox/internal/procs"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// expiry has a timer for each sandbox that is to be destroyed some time. Timers
// run on while the machine's clock is set; a deadline that an earlier process has
// left is taken by the clock.
type expiry struct {
	due func(id string)

	mu     sync.Mutex
	closed bool
	timers map[string]*time.Timer
}

func (e *expiry) init(due func(id string)) { e.due, e.timers = due, map[string]*time.Timer{} }

// set has something done at a time; the zero time is never.
func (e *expiry) set(id string, when time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if t := e.timers[id]; t != nil {
		t.Stop()
		delete(e.timers, id)
	}
	if when.IsZero() || e.closed {
		return
	}
	e.timers[id] = time.AfterFunc(time.Until(when), func() { e.due(id) })
}

func (e *expiry) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	for _, t := range e.timers {
		t.Stop()
	}
	e.timers = map[string]*time.Timer{}
}

// schedule has a sandbox looked at when its record says that it is due.
func (m *Manager) schedule(id string, when time.Time) { m.expiry.set(id, when) }

// scheduleAll schedules what an earlier process has left. What is due already is gone
// when it returns, unless that fails: nobody gets to know of it any more.
func (m *Manager) scheduleAll(due map[string]time.Time) {
	var group sync.WaitGroup
	slots := make(chan struct{}, tree.Workers())
	for id, when := range due {
		if when.IsZero() || time.Until(when) > 0 {
			m.schedule(id, when)
			continue
		}
		slots <- struct{}{}
		group.Go(func() {
			m.expire(id)
			<-slots
		})
	}
	group.Wait()
}

// expire destroys a sandbox whose time is up, or which has been idle for long
// enough. If that cannot be done it is tried again.
func (m *Manager) expire(id string) {
	if m.enter() != nil {
		return
	}
	defer m.making.Done()
	s, err := m.find(id)
	if err != nil {
		return
	}
	if when := s.due(); time.Until(when) > 0 {
		m.schedule(id, when)
		return
	}
	if err := s.destroy(context.Background()); err != nil && !isGone(err) {
		m.logger.Warn("expired sandbox not destroyed", "id", id, "error", err)
		m.schedule(id, time.Now().Add(time.Minute))
		return
	}
	m.logger.Debug("sandbox expired", "id", id)
}

// looks is how often a sandbox is looked at, in the time that it may be idle, to see
// whether something in its background has ended.
const looks = 4

// due is when the sandbox is to be destroyed, as things are now, or to be looked at
// again. What goes on in the background says nothing when it ends: the sandbox is
// idle from when that is seen.
func (s *resident) due() time.Time {
	busy := s.busy()
	s.mu.Lock()
	defer s.mu.Unlock()
	due, idle := s.record.Info.Expires, s.record.Info.IdleTimeout
	if idle == 0 {
		return due
	}
	if s.record.Info.Status != StatusRunning {
		return s.record.deadline()
	}
	if busy || s.seenBusy {
		s.touch()
	}
	if s.seenBusy = busy; busy {
		idle /= looks
	}
	if at := s.manager.opened.Add(time.Duration(s.active.Load()) + idle); due.IsZero() || at.Before(due) {
		due = at
	}
	return due
}

// busy reports whether anything goes on in the sandbox: a command, a call, one
// in a session, or what a session has in the background.
func (s *resident) busy() bool {
	s.mu.Lock()
	box, uses, shells := s.box, s.uses, 0
	for _, e := range s.sessions {
		if e.describe().Status != SessionActive {
			continue
		}
		shells++
		if len(e.turn) > 0 {
			s.mu.Unlock()
			return true
		}
	}
	s.mu.Unlock()
	if box == nil || uses == 0 {
		return false
	}
	if uses > shells {
		return true
	}
	n, err := procs.Count(box.Door().Root)
	return err != nil || n > shells
}

// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/engine"
	"github.com/sandbox-rls/sandbox/runtime"
)

// resident is a sandbox as its manager has it. All methods may be called
// concurrently.
type resident struct {
	manager *Manager
	id      string
	policy  *fsguard.Policy
	runtime runtime.Runtime
	logger  *slog.Logger

	change lock         // held while it is started, stopped, parked, rolled back or destroyed
	saving lock         // held while its record is written, after change
	active atomic.Int64 // since when it is idle; see touch

	mu        sync.Mutex
	record    sandboxRecord
	workspace *engine.Workspace // nil: not put together since the manager was opened
	box       *engine.Box       // nil while it is stopped or parked
	enforced  []Enforcement     // what came of the limits at the last start
	uses      int               // commands, sessions and calls that need the box
	seenBusy  bool              // when it was last looked at whether it is idle
	unused    time.Time         // since when there are none
	parking   *time.Timer       // looks whether it is to be parked; nil: nobody does
	sessions  map[string]*residentSession
	over      error // why it is here no more: it was destroyed, or the manager is closed
}

func (m *Manager) newResident(r sandboxRecord, policy *fsguard.Policy, rt runtime.Runtime, logger *slog.Logger) *resident {
	if logger == nil {
		logger = m.logger
	}
	s := &resident{
		manager: m, id: r.Info.ID, policy: policy, runtime: rt, logger: logger,
		change: newLock(), saving: newLock(), record: r, sessions: map[string]*residentSession{},
	}
	s.touch()
	return s
}

// info describes the sandbox as it is now.
func (s *resident) info() *Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noticeEndLocked()
	info := s.record.Info.clone()
	info.Enforced = s.enforcedLocked()
	info.Parked = info.Status == StatusRunning && s.box == nil
	return info
}

func (s *resident) outputLimit() int64 { return s.record.OutputLimit } // which never changes

// begin takes the lock under which the sandbox is changed. Who has it may be long at
// work: the wait ends with the context, whose error it is then.
func (s *resident) begin(ctx context.Context) (done func(), err error) {
	if err := s.change.wait(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over != nil {
		s.change.Unlock()
		return nil, s.over
	}
	return s.change.Unlock, nil
}

// start starts the sandbox, unless it runs.
func (s *resident) start(ctx context.Context) error {
	done, err := s.begin(ctx)
	if err != nil {
		return s.fail("start", "", err)
	}
	defer done()
	s.mu.Lock()
	s.noticeEndLocked()
	before := s.record.Info
	s.mu.Unlock()
	if before.Status == StatusRunning {
		return nil
	}
	if err := s.startLocked(ctx, time.Now()); err != nil {
		s.startFailed(ctx, err)
		return s.fail("start", "", err)
	}
	if err := s.save(); err != nil {
		s.stopLocked()
		s.mu.Lock()
		i := &s.record.Info
		i.Status, i.Started, i.Stopped = before.Status, before.Started, before.Stopped
		s.mu.Unlock()
		return err
	}
	return nil
}

// startFailed notes why a sandbox could not be started, unless it was not to be.
func (s *resident) startFailed(ctx context.Context, why error) {
	if ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	s.record.Info.Status, s.record.Info.Reason = StatusError, why.Error()
	s.mu.Unlock()
	if err := s.save(); err != nil {
		s.logger.Warn("status not stored", "id", s.id, "error", err)
	}
}

func (s *resident) startLocked(ctx context.Context, began time.Time) error {
	s.mu.Lock()
	old := s.box
	s.box = nil
	s.mu.Unlock()
	if old != nil {
		old.Close() // its init has ended by itself
	}
	box, err := s.boot(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.record.Info.Status, s.record.Info.Reason, s.record.Info.Started = StatusRunning, "", began
	s.mu.Unlock()
	s.take(ctx, box)
	s.leave()
	s.logger.Debug("sandbox started", "id", s.id, "runtime", s.record.Info.Runtime)
	return nil
}

// boot puts the sandbox's processes and mounts in place.
func (s *resident) boot(ctx context.Context) (*engine.Box, error) {
	w, err := s.tree(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	r := s.record
	s.mu.Unlock()
	box, err := s.manager.engine.Start(ctx, w, engine.StartOptions{
		ID: s.id, Runtime: s.runtime, Network: r.Info.Network, Image: r.Info.Image, Hostname: "sandbox",
		Limits: r.Info.Resources, BestEffort: r.BestEffort,
	})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.enforced = box.Limits().Enforced()
	s.mu.Unlock()
	return box, nil
}

// take makes a box the sandbox's, which is in use until leave. What was uploaded
// since it was put in place, and did not find it, is brought into it. What cannot be
// brought there keeps no sandbox from running: it waits.
func (s *resident) take(ctx context.Context, box *engine.Box) {
	s.mu.Lock()
	s.box = box
	s.uses++
	w := s.workspace
	s.mu.Unlock()
	if err := w.PlaceUploads(context.WithoutCancel(ctx), box); err != nil {
		s.logger.Warn("upload not brought into a sandbox that starts", "id", s.id, "error", err)
	}
}

// tree is the workspace, put together anew if it has not been since the manager
// was opened.
func (s *resident) tree(ctx context.Context) (*engine.Workspace, error) {
	if err := s.saving.wait(ctx); err != nil {
		return nil, err
	}
	defer s.saving.Unlock()
	s.mu.Lock()
	w, over, r := s.workspace, s.over, s.record
	s.mu.Unlock()
	if over != nil {
		return nil, over
	}
	if w != nil {
		return w, nil
	}
	disk := engine.DiskLimit{Bytes: r.Info.Resources.DiskBytes, BestEffort: r.BestEffort}
	w, err := s.manager.engine.Reopen(ctx, s.id, s.policy, disk)
	if err != nil {
		return nil, err
	}
	w.KeepOnly(r.keeps)
	if r.killed || w.Behind(ctx) {
		err = w.AfterKill(ctx)
	} else {
		err = w.AfterStart()
	}
	if err != nil {
		s.logger.Warn("not all was put in order that the owner of a sandbox was doing when it was killed", "id", s.id, "error", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.workspace = w
	return w, nil
}

// stop ends all processes of the sandbox.
func (s *resident) stop(ctx context.Context) error {
	done, err := s.begin(ctx)
	if err != nil {
		return s.fail("stop", "", err)
	}
	defer done()
	if !s.stopLocked() {
		return nil
	}
	return s.save()
}

// stopLocked says whether it had to do anything.
func (s *resident) stopLocked() bool {
	s.mu.Lock()
	box := s.box
	s.box = nil
	stopped := s.record.Info.Status == StatusRunning || s.record.Info.Status == StatusError
	if stopped {
		s.record.Info.Status, s.record.Info.Reason, s.record.Info.Stopped = StatusStopped, "", time.Now()
	}
	w := s.workspace
	s.mu.Unlock()
	if box != nil {
		box.Close()
	}
	if w != nil && stopped {
		w.DropScratch()
		s.logger.Debug("sandbox stopped", "id", s.id)
	}
	return stopped
}

// save writes the record. Who changes it must hold s.change, or be the only one
// who has the sandbox.
func (s *resident) save() error {
	s.saving.Lock()
	defer s.saving.Unlock()
	s.mu.Lock()
	w := s.workspace
	s.mu.Unlock()
	var origin engine.Origin
	if w != nil {
		origin = w.Origin() // which may wait: not under s.mu
	}
	s.mu.Lock()
	if w != nil {
		s.record.Origin = origin
	}
	row, err := s.record.row()
	over := s.over
	s.mu.Unlock()
	if err == nil && over == nil {
		err = s.manager.sandboxes.Put(row)
	}
	if err != nil {
		return s.fail("store", "", err)
	}
	s.manager.schedule(s.id, s.due())
	return nil
}

// noticeEndLocked notes that the init has ended by itself.
func (s *resident) noticeEndLocked() {
	if s.box == nil || s.record.Info.Status != StatusRunning {
		return
	}
	select {
	case <-s.box.Done():
		s.record.Info.Status, s.record.Info.Stopped = StatusError, time.Now()
		if cause := s.box.Cause(); cause != nil {
			s.record.Info.Reason = cause.Error()
		}
	default:
	}
}

// touch notes that the sandbox is not idle. It counts from when the manager was
// opened, which the machine's clock does not change when it is set.
func (s *resident) touch() { s.active.Store(int64(time.Since(s.manager.opened))) }

func (s *resident) fail(op, path string, err error) error {
	return &Error{Op: op, ID: s.id, Path: path, Err: err}
}

// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sandbox-rls/sandbox/runtime"
)

// ResourceLimits bounds what all processes of a sandbox use together, and what
// its changes take on disk. A field that is zero sets no limit.
type ResourceLimits = runtime.ResourceLimits

// Usage is what a sandbox uses.
type Usage = runtime.Usage

// Enforcement says what came of a limit that was asked for.
type Enforcement = runtime.Enforcement

// WithResources limits what the sandbox may use. Limits that this machine
// cannot enforce, for this user, are ErrUnsupported, and the error says what
// would help; see WithBestEffortLimits.
func WithResources(limits ResourceLimits) Option {
	return func(o *options) { o.req.Resources = limits }
}

// WithBestEffortLimits lets a sandbox be made although some of its limits
// cannot be enforced. Info says which, and why.
func WithBestEffortLimits() Option { return func(o *options) { o.req.BestEffort = true } }

// updateResources replaces the limits.
func (s *resident) updateResources(ctx context.Context, limits ResourceLimits) error {
	if err := ctx.Err(); err != nil {
		return s.fail("update", "", err)
	}
	if err := limits.Validate(); err != nil {
		return s.fail("update", "", because(ErrInvalid, err))
	}
	done, err := s.begin(ctx)
	if err != nil {
		return s.fail("update", "", err)
	}
	defer done()
	w, err := s.tree(ctx)
	if err != nil {
		return s.fail("update", "", err)
	}
	s.mu.Lock()
	s.noticeEndLocked()
	box, old := s.box, s.record.Info.Resources
	if s.record.Info.Status != StatusRunning {
		box = nil
	}
	s.mu.Unlock()
	if err := w.ResizeDisk(limits.DiskBytes); err != nil {
		return s.fail("update", "", err)
	}
	if box != nil {
		if err := box.Limits().Update(limits.Processes()); err != nil {
			_ = w.ResizeDisk(old.DiskBytes)
			return s.fail("update", "", ended(err))
		}
	}
	s.setResources(limits)
	if err := s.save(); err != nil {
		s.setResources(old)
		_ = w.ResizeDisk(old.DiskBytes)
		if box != nil {
			_ = box.Limits().Update(old.Processes())
		}
		return err
	}
	return nil
}

func (s *resident) setResources(limits ResourceLimits) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record.Info.Resources = limits
}

// usage returns what the sandbox uses.
func (s *resident) usage(ctx context.Context) (Usage, error) {
	if err := ctx.Err(); err != nil {
		return Usage{}, s.fail("usage", "", err)
	}
	var u Usage
	box, err := s.running()
	switch {
	case errors.Is(err, ErrSandboxNotFound):
		return Usage{}, s.fail("usage", "", err)
	case err == nil && box != nil:
		u, err = box.Limits().Usage()
		if err != nil && !errors.Is(err, runtime.ErrEnded) {
			return Usage{}, s.fail("usage", "", err)
		}
	}
	w, err := s.tree(ctx)
	if err != nil {
		return Usage{}, s.fail("usage", "", err)
	}
	if u.Disk, u.Files, err = w.DiskUsage(); err != nil {
		return Usage{}, s.fail("usage", "", err)
	}
	return u, nil
}

// enforcedLocked says what came of the limits.
func (s *resident) enforcedLocked() []Enforcement {
	var list []Enforcement
	switch {
	case s.box != nil:
		list = slices.Clone(s.box.Limits().Enforced())
	case s.record.Info.Status == StatusRunning: // parked
		list = slices.Clone(s.enforced)
	}
	if s.workspace == nil {
		return list
	}
	if e := s.workspace.Enforced(); e != nil {
		list = append(list, *e)
	}
	return list
}

// outOfMemory gives the end of the init its reason, if that was it.
func outOfMemory(err error, oomKilled bool) error {
	if oomKilled && errors.Is(err, runtime.ErrEnded) {
		return fmt.Errorf("%w: the sandbox ran out of memory", err)
	}
	return err
}

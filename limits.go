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
	return func(o *options) { o.limits = limits }
}

// WithBestEffortLimits lets a sandbox be made although some of its limits
// cannot be enforced. Info says which, and why.
func WithBestEffortLimits() Option { return func(o *options) { o.bestEffort = true } }

// UpdateResources replaces the limits of a sandbox. Those of a running one hold
// at once, those of a stopped one from its next start; a field that is zero
// lifts its limit. On an error nothing is changed.
//
// What cannot be changed is ErrUnsupported: a running sandbox that was started
// without any limit of memory, CPU or processes has to be stopped and started
// to get one; the disk limit cannot be lifted, raised to more than four times
// what it was at first (less, for limits over 5 GB), or given to a sandbox that was
// made without one. On cgroup v1 a memory limit below what is in use is an
// error; on v2 it makes the kernel kill processes.
func (s *Sandbox) UpdateResources(ctx context.Context, limits ResourceLimits) error {
	if err := ctx.Err(); err != nil {
		return s.fail("update", "", err)
	}
	if err := limits.Validate(); err != nil {
		return s.fail("update", "", because(ErrInvalid, err))
	}
	s.change.Lock()
	defer s.change.Unlock()
	s.mu.Lock()
	s.noticeEndLocked()
	box, old, destroyed := s.box, s.info.Resources, s.destroyed
	if s.info.Status != StatusRunning {
		box = nil
	}
	s.mu.Unlock()
	if destroyed {
		return s.fail("update", "", ErrSandboxNotFound)
	}
	if err := s.workspace.ResizeDisk(limits.DiskBytes); err != nil {
		return s.fail("update", "", err)
	}
	if box != nil {
		if err := box.Limits().Update(limits.Processes()); err != nil {
			_ = s.workspace.ResizeDisk(old.DiskBytes)
			return s.fail("update", "", s.ended(err))
		}
	}
	s.mu.Lock()
	s.info.Resources = limits
	s.mu.Unlock()
	return nil
}

// Usage returns what the sandbox uses. What it takes on disk is there for a
// stopped one too; the other figures need a running one that was started with a
// limit of memory, CPU or processes.
func (s *Sandbox) Usage(ctx context.Context) (Usage, error) {
	if err := ctx.Err(); err != nil {
		return Usage{}, s.fail("usage", "", err)
	}
	var u Usage
	box, err := s.running()
	switch {
	case errors.Is(err, ErrSandboxNotFound):
		return Usage{}, s.fail("usage", "", err)
	case err == nil:
		u, err = box.Limits().Usage()
		if err != nil && !errors.Is(err, runtime.ErrEnded) {
			return Usage{}, s.fail("usage", "", err)
		}
	}
	if u.Disk, u.Files, err = s.workspace.DiskUsage(); err != nil {
		return Usage{}, s.fail("usage", "", err)
	}
	return u, nil
}

// enforcedLocked says what came of the limits.
func (s *Sandbox) enforcedLocked() []Enforcement {
	var list []Enforcement
	if s.box != nil {
		list = slices.Clone(s.box.Limits().Enforced())
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

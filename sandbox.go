// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/engine"
	"github.com/sandbox-rls/sandbox/runtime"
)

// Workspace is the path at which a sandbox sees its tree. The paths of rules,
// and of ReadFile and its like, are those beneath it.
const Workspace = engine.Target

// Status is the state of a sandbox.
type Status string

// The states.
const (
	StatusPending Status = "pending" // created, never started
	StatusRunning Status = "running"
	StatusStopped Status = "stopped" // its delta is kept; Start goes on with it
	StatusError   Status = "error"   // its init ended by itself
)

// Info describes a sandbox.
type Info struct {
	ID      string `json:"id"`
	Source  string `json:"source,omitempty"` // the directory it was made of
	Runtime string `json:"runtime"`
	// RuntimeNote says why the runtime is not the one that was asked for, when
	// this machine does not have that. Empty: it is.
	RuntimeNote string            `json:"runtime_note,omitempty"`
	Status      Status            `json:"status"`
	Labels      map[string]string `json:"labels,omitempty"`
	Rules       []Rule            `json:"rules"`
	// Resources are the limits that were asked for. Enforced says what came of
	// each; those of memory, CPU and processes are there while it runs.
	Resources ResourceLimits `json:"resources,omitzero"`
	Enforced  []Enforcement  `json:"enforced,omitempty"`
	// Live says that the directory itself is seen, not a copy.
	Live bool `json:"live"`
	// Skipped are the files of the source that could not be taken over:
	// unreadable ones, devices, sockets and FIFOs.
	Skipped []SkippedFile `json:"skipped,omitempty"`
	Created time.Time     `json:"created"`
	Started time.Time     `json:"started,omitzero"`
	Stopped time.Time     `json:"stopped,omitzero"`
}

// SkippedFile is a file that is not in the sandbox, and why.
type SkippedFile struct {
	Path string `json:"path"`
	Err  error  `json:"-"`
}

// Sandbox runs commands on a tree under rules. All methods may be called
// concurrently.
type Sandbox struct {
	manager   *Manager
	options   options
	policy    *fsguard.Policy
	workspace *engine.Workspace
	runtime   runtime.Runtime

	change sync.Mutex // held while it is started, stopped or destroyed

	mu        sync.Mutex
	info      Info
	box       *engine.Box
	sessions  map[string]*Session
	destroyed bool
}

// FromLocal makes a sandbox of a directory and starts it, under the rules of
// DefaultPreset unless the options say otherwise. The directory is never
// changed, and nothing is left in it.
//
// When the rules hide something, the sandbox works on a snapshot: what is
// hidden is not even copied, and what appears in the directory later is not
// seen. An unchanged directory is not copied again. When nothing is hidden, or
// with WithLive, the directory itself is the lower layer.
//
// Destroy, or Close, the sandbox when it is no longer needed.
func FromLocal(ctx context.Context, dir string, opts ...Option) (*Sandbox, error) {
	m, err := Default()
	if err != nil {
		return nil, err
	}
	return m.FromLocal(ctx, dir, opts...)
}

// FromCodebase makes a sandbox of a codebase of ImportCodebase and starts it.
// Nothing is walked or copied. An unknown id is ErrCodebaseNotFound.
func FromCodebase(ctx context.Context, codebaseID string, opts ...Option) (*Sandbox, error) {
	m, err := Default()
	if err != nil {
		return nil, err
	}
	return m.FromCodebase(ctx, codebaseID, opts...)
}

// Connect returns a sandbox of this process by its id. One that is not known is
// ErrSandboxNotFound.
func Connect(ctx context.Context, id string) (*Sandbox, error) {
	m, err := Default()
	if err != nil {
		return nil, err
	}
	return m.Connect(ctx, id)
}

// ID identifies the sandbox.
func (s *Sandbox) ID() string { return s.info.ID }

// Info describes the sandbox as it is now.
func (s *Sandbox) Info() Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noticeEndLocked()
	info := s.info
	info.Labels, info.Rules, info.Skipped = maps.Clone(info.Labels), slices.Clone(info.Rules), slices.Clone(info.Skipped)
	info.Enforced = s.enforcedLocked()
	return info
}

// Explain says which level a path of the workspace has, which rule gives it,
// and which rules that one beat. It needs no running sandbox.
func (s *Sandbox) Explain(path string) Decision { return s.policy.Decide(workspacePath(path)) }

// Start starts a sandbox that is stopped, with what it had changed. A running
// one is left as it is.
func (s *Sandbox) Start(ctx context.Context) error {
	s.change.Lock()
	defer s.change.Unlock()
	s.mu.Lock()
	s.noticeEndLocked()
	running, destroyed, old, limits := s.info.Status == StatusRunning, s.destroyed, s.box, s.info.Resources
	s.mu.Unlock()
	switch {
	case destroyed:
		return s.fail("start", "", ErrSandboxNotFound)
	case running:
		return nil
	case old != nil:
		old.Close() // its init has ended by itself
	}
	box, err := s.manager.engine.Start(ctx, s.workspace, engine.StartOptions{
		ID: s.info.ID, Runtime: s.runtime, Network: s.options.network, Hostname: "sandbox",
		Limits: limits, BestEffort: s.options.bestEffort,
	})
	if err != nil {
		return s.fail("start", "", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.box = box
	s.info.Status, s.info.Started = StatusRunning, time.Now()
	s.options.logger.Debug("sandbox started", "id", s.info.ID, "runtime", s.info.Runtime)
	return nil
}

// Stop ends all commands and the init. When it returns, none is left. What the
// sandbox changed is kept. Stopping again does nothing.
func (s *Sandbox) Stop(ctx context.Context) error {
	s.change.Lock()
	defer s.change.Unlock()
	return s.stop()
}

func (s *Sandbox) stop() error {
	s.mu.Lock()
	if s.destroyed {
		s.mu.Unlock()
		return s.fail("stop", "", ErrSandboxNotFound)
	}
	box := s.box
	s.box = nil
	if s.info.Status == StatusRunning || s.info.Status == StatusError {
		s.info.Status, s.info.Stopped = StatusStopped, time.Now()
	}
	s.mu.Unlock()
	if box != nil {
		box.Close()
		s.options.logger.Debug("sandbox stopped", "id", s.info.ID)
	}
	return nil
}

// Destroy stops the sandbox and drops what it changed. When it returns no
// process, mount or name of it is left; the bytes of a large delta are freed
// in the background. Destroying again does nothing.
func (s *Sandbox) Destroy(ctx context.Context) error {
	s.change.Lock()
	defer s.change.Unlock()
	err := s.stop()
	if errors.Is(err, ErrSandboxNotFound) {
		return nil
	}
	s.mu.Lock()
	s.destroyed = true
	s.mu.Unlock()
	s.workspace.Release()
	s.manager.forget(s.info.ID)
	return err
}

// Close destroys the sandbox, as io.Closer.
func (s *Sandbox) Close() error { return s.Destroy(context.Background()) }

// running returns the box, or why there is none.
func (s *Sandbox) running() (*engine.Box, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noticeEndLocked()
	switch {
	case s.destroyed:
		return nil, ErrSandboxNotFound
	case s.info.Status != StatusRunning:
		return nil, ErrSandboxNotRunning
	}
	return s.box, nil
}

// noticeEndLocked notes that the init has ended by itself.
func (s *Sandbox) noticeEndLocked() {
	if s.box == nil || s.info.Status != StatusRunning {
		return
	}
	select {
	case <-s.box.Done():
		s.info.Status, s.info.Stopped = StatusError, time.Now()
	default:
	}
}

func (s *Sandbox) fail(op, path string, err error) error {
	return &Error{Op: op, ID: s.info.ID, Path: path, Err: err}
}

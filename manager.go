// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/engine"
	"github.com/sandbox-rls/sandbox/internal/snapshot"
	"github.com/sandbox-rls/sandbox/runtime"
	"github.com/sandbox-rls/sandbox/runtime/native"
)

// Config is what a Manager is made with. The zero value is a Manager in a
// temporary state directory with the native runtime.
type Config struct {
	// StateDir is where snapshots, masks and deltas are kept. It must not be on
	// overlayfs, and one Manager has it at a time. Empty: a temporary directory,
	// which goes with the process however that ends.
	StateDir string
	// Runtime runs the sandboxes that ask for no other. Nil: the native one.
	Runtime runtime.Runtime
	// DelegatedCgroup says that the process's own cgroup was delegated to it
	// (systemd: Delegate=yes) and is for it and its children alone, so that they
	// may be moved into a child of it. Without root, limits need that on cgroup
	// v2. It is for the native runtime that the manager makes itself; see
	// native.WithDelegatedCgroup for others.
	DelegatedCgroup bool
}

// Manager makes sandboxes on this machine and holds what they share. All
// methods may be called concurrently.
type Manager struct {
	runtime runtime.Runtime
	own     io.Closer // the runtime, if it is the manager's own
	engine  *engine.Engine

	making sync.WaitGroup // calls that make something

	mu        sync.Mutex
	closed    bool
	sandboxes map[string]*Sandbox
	codebases map[string]*codebase
}

type codebase struct {
	info Codebase
	snap *snapshot.Snapshot
}

// NewManager makes a manager. Errors match ErrUnsupported when this machine
// cannot hold its state.
func NewManager(cfg Config) (*Manager, error) {
	var own io.Closer
	if cfg.Runtime == nil {
		var opts []native.Option
		if cfg.DelegatedCgroup {
			opts = append(opts, native.WithDelegatedCgroup())
		}
		rt := native.New(opts...)
		cfg.Runtime, own = rt, rt
	}
	e, err := engine.Open(cfg.StateDir, cfg.Runtime.Owner())
	if err != nil {
		return nil, &Error{Op: "open manager", Err: err}
	}
	return &Manager{runtime: cfg.Runtime, own: own, engine: e, sandboxes: map[string]*Sandbox{}, codebases: map[string]*codebase{}}, nil
}

var defaultManager struct {
	sync.Mutex
	m *Manager
}

// Default returns the manager of the process, which the functions of this
// package use. It is made when it is first needed, and again after it was closed.
func Default() (*Manager, error) {
	d := &defaultManager
	d.Lock()
	defer d.Unlock()
	if d.m != nil && !d.m.isClosed() {
		return d.m, nil
	}
	m, err := NewManager(Config{})
	if err != nil {
		return nil, err
	}
	d.m = m
	return m, nil
}

func (m *Manager) isClosed() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.closed
}

// enter begins a call that makes something, which Close waits for. The caller
// ends it by making.Done.
func (m *Manager) enter() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	m.making.Add(1)
	return nil
}

// Close destroys all sandboxes and gives up the state directory. Closing again
// does nothing.
func (m *Manager) Close() error {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return nil
	}
	m.closed = true
	m.mu.Unlock()
	m.making.Wait()
	m.mu.Lock()
	all := make([]*Sandbox, 0, len(m.sandboxes))
	for _, s := range m.sandboxes {
		all = append(all, s)
	}
	m.mu.Unlock()
	var wg sync.WaitGroup
	for _, s := range all {
		wg.Go(func() { _ = s.Destroy(context.Background()) })
	}
	wg.Wait()
	m.mu.Lock()
	for _, c := range m.codebases {
		m.engine.Forget(c.snap)
	}
	m.mu.Unlock()
	err := m.engine.Close()
	if m.own != nil {
		err = errors.Join(err, m.own.Close())
	}
	return err
}

// FromLocal makes a sandbox of a directory, as the function of that name does.
func (m *Manager) FromLocal(ctx context.Context, dir string, opts ...Option) (*Sandbox, error) {
	o := collect(opts)
	return m.create(ctx, o, dir, func(id string, p *fsguard.Policy) (*engine.Workspace, error) {
		path, err := checkDir(dir)
		if err != nil {
			return nil, err
		}
		return m.engine.FromDir(ctx, id, path, p, o.live, o.disk())
	})
}

// FromCodebase makes a sandbox of an imported codebase, as the function of
// that name does.
func (m *Manager) FromCodebase(ctx context.Context, id string, opts ...Option) (*Sandbox, error) {
	o := collect(opts)
	return m.create(ctx, o, "", func(box string, p *fsguard.Policy) (*engine.Workspace, error) {
		m.mu.Lock()
		c := m.codebases[id]
		m.mu.Unlock()
		if c == nil {
			return nil, &Error{Op: "find", ID: id, Err: ErrCodebaseNotFound}
		}
		return m.engine.FromCodebase(ctx, box, c.snap, p, o.disk())
	})
}

// Connect returns a sandbox by its id, as the function of that name does.
func (m *Manager) Connect(ctx context.Context, id string) (*Sandbox, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.sandboxes[id]; s != nil {
		return s, nil
	}
	return nil, &Error{Op: "connect", ID: id, Err: ErrSandboxNotFound}
}

func checkDir(dir string) (string, error) {
	if dir == "" || strings.ContainsRune(dir, 0) {
		return "", invalidf("not the name of a directory: %q", dir)
	}
	path, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	fi, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !fi.IsDir() {
		return "", invalidf("%s is not a directory", dir)
	}
	return path, nil
}

// create makes a sandbox on the workspace that prepare gives, and starts it.
func (m *Manager) create(ctx context.Context, o options, source string, prepare func(id string, p *fsguard.Policy) (*engine.Workspace, error)) (*Sandbox, error) {
	fail := func(err error) (*Sandbox, error) { return nil, &Error{Op: "create", Path: source, Err: err} }
	if err := m.enter(); err != nil {
		return fail(err)
	}
	defer m.making.Done()
	rules, err := o.policy()
	if err != nil {
		return fail(err)
	}
	policy, err := fsguard.Compile(rules)
	if err != nil {
		return fail(because(ErrInvalid, err))
	}
	if o.network != NetworkNone && o.network != NetworkHost {
		return fail(invalidf("network %q is neither %q nor %q", o.network, NetworkNone, NetworkHost))
	}
	if err := o.limits.Validate(); err != nil {
		return fail(because(ErrInvalid, err))
	}
	rt := o.runtime
	if rt == nil {
		rt = m.runtime
	}
	if rt.Owner() != m.runtime.Owner() {
		return fail(fmt.Errorf("%w: runtime %s owns files as another user than the manager's; make a manager with it", ErrUnsupported, rt.Name()))
	}
	id, err := newID("sb")
	if err != nil {
		return fail(err)
	}
	if p, ok := rt.(runtime.Preparer); ok && !o.noStart {
		p.Prepare() // while the workspace is put together
	}
	w, err := prepare(id, policy)
	if err != nil {
		return fail(err)
	}
	s := &Sandbox{
		manager: m, options: o, policy: policy, workspace: w, runtime: rt,
		info: Info{ID: id, Source: source, Runtime: rt.Name(), Status: StatusPending, Labels: o.labels, Rules: rules, Resources: o.limits, Live: w.Live, Created: time.Now()},
	}
	if sub, ok := rt.(runtime.Substitute); ok {
		s.info.RuntimeNote = sub.Note()
	}
	for _, p := range w.Skipped {
		s.info.Skipped = append(s.info.Skipped, SkippedFile{Path: p.Path, Err: p.Err})
	}
	if err := m.register(s); err != nil {
		w.Release()
		return fail(err)
	}
	if o.noStart {
		return s, nil
	}
	if err := s.Start(ctx); err != nil {
		_ = s.Destroy(context.Background())
		var e *Error
		if errors.As(err, &e) {
			err = e.Err
		}
		return fail(err)
	}
	return s, nil
}

func (m *Manager) register(s *Sandbox) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	m.sandboxes[s.info.ID] = s
	return nil
}

func (m *Manager) forget(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.sandboxes, id)
}

// newID returns an id that cannot be guessed.
func newID(kind string) (string, error) {
	var b [10]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", err
	}
	return kind + "_" + hex.EncodeToString(b[:]), nil
}

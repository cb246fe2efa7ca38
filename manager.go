// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/engine"
	"github.com/sandbox-rls/sandbox/internal/metadata"
	"github.com/sandbox-rls/sandbox/runtime"
	"github.com/sandbox-rls/sandbox/runtime/native"
)

// Config is what a Manager is made with. The zero value is a Manager in a
// temporary state directory with the native runtime.
type Config struct {
	// StateDir is where codebases, snapshots, masks and deltas are kept, and what is
	// known of them. It must not be on overlayfs, and one Manager has it at a time.
	// Empty: a temporary directory, which goes with the process however that ends.
	//
	// What is in a directory that was named outlives the process, however that
	// ends: codebases are as they were, and sandboxes are stopped, with what they
	// had changed. A file of a codebase, and the existence of a sandbox, are on disk
	// when the call that made them returns. What commands write is on disk when
	// the kernel has written it: a sandbox loses nothing when its owner is killed,
	// and may lose the last seconds when the machine fails.
	StateDir string
	// Runtime runs the sandboxes that ask for no other. Nil: the native one.
	Runtime runtime.Runtime
	// Runtimes are others that sandboxes may ask for, by their names. They must own
	// files as the same user.
	Runtimes []runtime.Runtime
	// DelegatedCgroup says that the process's own cgroup was delegated to it
	// (systemd: Delegate=yes) and is for it and its children alone, so that they
	// may be moved into a child of it. Without root, limits need that on cgroup
	// v2. It is for the native runtime that the manager makes itself; see
	// native.WithDelegatedCgroup for others.
	DelegatedCgroup bool
	// ParkAfter is how long a sandbox in which nothing goes on keeps its init. After
	// that it has no process until the next command, which takes a start longer.
	// Default DefaultParkAfter; negative: it keeps it.
	ParkAfter time.Duration
	// NoHaltPolling leaves idle cores to themselves while commands open many files for
	// writing; see fsguard.WithoutHaltPolling for what is done otherwise, unless a cgroup of
	// the process has a CPU quota of less than its cores when the manager is made.
	NoHaltPolling bool
	// Logger is told what the sandboxes do that have no other. Default: nothing is
	// logged.
	Logger *slog.Logger
}

// Manager makes sandboxes on this machine and holds what they share. It is a
// Service. All methods may be called concurrently.
type Manager struct {
	runtime   runtime.Runtime
	own       io.Closer // the runtime, if it is the manager's own
	engine    *engine.Engine
	logger    *slog.Logger
	parkAfter time.Duration
	opened    time.Time
	sandboxes *metadata.Table
	journal   *metadata.Journal // of commits
	imports   *metadata.Journal // of codebases that are not whole yet
	expiry    expiry

	making sync.WaitGroup // calls that Close waits for

	mu       sync.Mutex
	closed   bool
	runtimes map[string]runtime.Runtime
	resident map[string]*resident
	sessions map[string]*resident // by session
	// byCodebase are the residents that were made of a codebase.
	byCodebase map[string]map[*resident]bool
}

// NewManager makes a manager, and puts in order what an earlier one has left in
// the state directory: a commit that was cut short is finished or undone, and
// what belongs to no sandbox is removed. Errors match ErrUnsupported when this
// machine cannot hold its state.
func NewManager(cfg Config) (*Manager, error) {
	m := &Manager{
		logger: cfg.Logger, parkAfter: cfg.ParkAfter, opened: time.Now(),
		runtimes: map[string]runtime.Runtime{}, resident: map[string]*resident{}, sessions: map[string]*resident{},
		byCodebase: map[string]map[*resident]bool{},
	}
	m.expiry.init(m.expire)
	if m.logger == nil {
		m.logger = slog.New(slog.DiscardHandler)
	}
	if m.parkAfter == 0 {
		m.parkAfter = DefaultParkAfter
	}
	if m.runtime = cfg.Runtime; m.runtime == nil {
		var opts []native.Option
		if cfg.DelegatedCgroup {
			opts = append(opts, native.WithDelegatedCgroup())
		}
		rt := native.New(opts...)
		m.runtime, m.own = rt, rt
	}
	for _, rt := range append(slices.Clone(cfg.Runtimes), m.runtime) {
		if err := m.addRuntime(rt); err != nil {
			return nil, &Error{Op: "open manager", Err: err}
		}
	}
	var opts []fsguard.GuardOption
	if cfg.NoHaltPolling {
		opts = append(opts, fsguard.WithoutHaltPolling())
	}
	if err := m.open(cfg.StateDir, opts...); err != nil {
		return nil, &Error{Op: "open manager", Err: err}
	}
	return m, nil
}

// open takes the state directory.
func (m *Manager) open(dir string, opts ...fsguard.GuardOption) (err error) {
	if m.engine, err = engine.Open(dir, m.runtime.Owner(), opts...); err != nil {
		return err
	}
	if err = m.recover(); err != nil {
		m.expiry.close()
		_ = m.engine.Close()
	}
	return err
}

// recover takes over what an earlier process has left.
func (m *Manager) recover() (err error) {
	if m.sandboxes, err = m.engine.Metadata().Table("sandboxes"); err != nil {
		return err
	}
	var damaged []error
	due := map[string]time.Time{}
	err = m.sandboxes.Scan("", "", func(row metadata.Row) bool {
		r, err := recordOf(row, m.opened)
		if err != nil {
			damaged = append(damaged, err)
			return true
		}
		m.engine.Adopt(r.Info.ID, r.Origin)
		due[r.Info.ID] = r.deadline()
		return true
	})
	if err := errors.Join(append(damaged, err)...); err != nil {
		return err // what nobody speaks of is not to be swept away
	}
	if err := errors.Join(m.finishCommits(), m.finishImports(), m.engine.Sweep()); err != nil {
		return err
	}
	m.scheduleAll(due)
	return nil
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

// Close stops all sandboxes and gives up the state directory. Those of a
// temporary one are destroyed, and so are all codebases in it. Closing again
// does nothing.
func (m *Manager) Close() error {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return nil
	}
	m.closed = true
	m.mu.Unlock()
	m.expiry.close()
	m.making.Wait()
	var wg sync.WaitGroup
	for _, s := range m.residents() {
		wg.Go(func() { s.leaveManager(m.engine.Temporary()) })
	}
	wg.Wait()
	err := m.engine.Close()
	if m.own != nil {
		err = errors.Join(err, m.own.Close())
	}
	return err
}

// residents are the sandboxes that the manager has at hand.
func (m *Manager) residents() []*resident {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]*resident, 0, len(m.resident))
	for _, s := range m.resident {
		all = append(all, s)
	}
	return all
}

// FromLocal makes a sandbox of a directory, as the function of that name does.
func (m *Manager) FromLocal(ctx context.Context, dir string, opts ...Option) (*Sandbox, error) {
	return fromLocal(ctx, m, dir, collect(opts))
}

// FromCodebase makes a sandbox of a codebase, as the function of that name does.
func (m *Manager) FromCodebase(ctx context.Context, id string, opts ...Option) (*Sandbox, error) {
	return fromCodebase(ctx, m, id, collect(opts))
}

// Connect returns a sandbox by its id, as the function of that name does.
func (m *Manager) Connect(ctx context.Context, id string) (*Sandbox, error) {
	return connect(ctx, m, id)
}

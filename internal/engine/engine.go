// SPDX-License-Identifier: MIT

package engine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"sync"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/cgroup"
	"github.com/sandbox-rls/sandbox/internal/codebase"
	"github.com/sandbox-rls/sandbox/internal/metadata"
	"github.com/sandbox-rls/sandbox/internal/snapshot"
	"github.com/sandbox-rls/sandbox/internal/spool"
	"github.com/sandbox-rls/sandbox/internal/statedir"
	"github.com/sandbox-rls/sandbox/internal/tree"
	"github.com/sandbox-rls/sandbox/internal/volume"
	"github.com/sandbox-rls/sandbox/runtime"
)

// Target is where a sandbox sees its workspace.
const Target = "/workspace"

// Engine is what the sandboxes of a process share: the state directory, the
// metadata, codebases, snapshots and masks in it, and the guard. It is safe for
// concurrent use.
type Engine struct {
	state     *statedir.Dir
	temporary bool
	owner     runtime.Owner
	metadata  *metadata.Store
	codebases *codebase.Store
	snapshots *snapshot.Store
	masks     *fsguard.MaskCache
	guards    map[runtime.Owner]*fsguard.Guard // by the user as whom they act
	options   []fsguard.GuardOption
	bin       *bin
	volumes   *volume.Formatter

	background sync.WaitGroup

	mu      sync.Mutex
	plans   map[planKey]*fsguard.Plan
	adopted map[string]*adopted // by sandbox: what was there when the engine was opened
}

type planKey struct {
	codebase string
	version  uint64
	policy   [32]byte
}

// Open starts an engine in a state directory, or, if that is "", in a
// temporary one that goes with the process. What sandboxes own on disk belongs
// to owner. The options are for its guards.
func Open(dir string, owner runtime.Owner, opts ...fsguard.GuardOption) (*Engine, error) {
	state, err := open(dir)
	if err != nil {
		return nil, err
	}
	if cgroup.CPUQuota() < float64(goruntime.NumCPU()) {
		opts = append(slices.Clip(opts), fsguard.WithoutHaltPolling()) // it would use up what the guard needs itself
	}
	e := &Engine{
		state: state, temporary: dir == "", owner: owner, options: opts,
		plans: make(map[planKey]*fsguard.Plan), adopted: make(map[string]*adopted), guards: make(map[runtime.Owner]*fsguard.Guard),
	}
	if err := e.begin(); err != nil {
		_ = e.Close()
		return nil, fmt.Errorf("state directory %s: %w", state.Path, err)
	}
	return e, nil
}

func open(dir string) (*statedir.Dir, error) {
	if dir == "" {
		return statedir.Temporary()
	}
	return statedir.Open(dir)
}

func (e *Engine) begin() (err error) {
	if err := os.MkdirAll(e.path("deltas"), 0o711); err != nil {
		return err
	}
	if e.temporary {
		e.metadata, err = metadata.OpenMemory()
	} else {
		e.metadata, err = metadata.Open(e.state.Path)
	}
	if err != nil {
		return err
	}
	if err := e.mkdir(e.path(emptyLayer), 0o755); err != nil {
		return err
	}
	owner := tree.Owner(e.owner)
	e.volumes = volume.NewFormatter(e.path("trash")) // emptied by the next owner
	if e.bin, err = openBin(e.path("trash")); err != nil {
		return err
	}
	if e.snapshots, err = snapshot.Open(e.path("snapshots"), owner); err != nil {
		return err
	}
	if e.codebases, err = e.openCodebases(owner); err != nil {
		return err
	}
	if e.masks, err = fsguard.OpenMaskCache(e.path("masks")); err != nil {
		return err
	}
	_, err = e.guardOf(e.owner)
	return err
}

// guardOf returns the guard that acts as a user. There is one for all sandboxes
// that have the same.
func (e *Engine) guardOf(user runtime.Owner) (*fsguard.Guard, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if g := e.guards[user]; g != nil {
		return g, nil
	}
	g, err := fsguard.NewGuard(fsguard.Identity(user), e.options...)
	if err == nil {
		e.guards[user] = g
	}
	return g, err
}

func (e *Engine) path(name string) string { return filepath.Join(e.state.Path, name) }

// StateDir is the state directory.
func (e *Engine) StateDir() string { return e.state.Path }

// Spool keeps what is written to it in the state directory, until it is closed.
func (e *Engine) Spool() *spool.Spool { return spool.New(e.path("trash")) } // emptied by the next owner

// Temporary says that the state directory goes with the engine.
func (e *Engine) Temporary() bool { return e.temporary }

// Metadata is where the state directory's owner keeps what it knows.
func (e *Engine) Metadata() *metadata.Store { return e.metadata }

// Close ends the guard and gives the state directory up. Sandboxes must be
// stopped before.
func (e *Engine) Close() error {
	var errs []error
	e.background.Wait()
	for _, g := range e.guards {
		errs = append(errs, g.Close())
	}
	if e.codebases != nil {
		errs = append(errs, e.codebases.Close())
	}
	if e.bin != nil {
		e.bin.close()
	}
	if e.snapshots != nil {
		errs = append(errs, e.snapshots.Close())
	}
	if e.metadata != nil {
		errs = append(errs, e.metadata.Close())
	}
	return errors.Join(append(errs, e.state.Close())...)
}

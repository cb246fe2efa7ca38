// SPDX-License-Identifier: MIT

package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/snapshot"
	"github.com/sandbox-rls/sandbox/internal/statedir"
	"github.com/sandbox-rls/sandbox/internal/tree"
	"github.com/sandbox-rls/sandbox/internal/volume"
	"github.com/sandbox-rls/sandbox/runtime"
)

// Target is where a sandbox sees its workspace.
const Target = "/workspace"

// Engine is what the sandboxes of a process share: the state directory, the
// snapshots and masks in it, and the guard. It is safe for concurrent use.
type Engine struct {
	state     *statedir.Dir
	owner     runtime.Owner
	snapshots *snapshot.Store
	masks     *fsguard.MaskCache
	guard     *fsguard.Guard
	bin       *bin
	volumes   *volume.Formatter

	mu    sync.Mutex
	plans map[planKey]*fsguard.Plan
}

type planKey struct {
	codebase string
	policy   [32]byte
}

// Open starts an engine in a state directory, or, if that is "", in a
// temporary one that goes with the process. What sandboxes own on disk belongs
// to owner.
func Open(dir string, owner runtime.Owner) (*Engine, error) {
	state, err := open(dir)
	if err != nil {
		return nil, err
	}
	e := &Engine{state: state, owner: owner, plans: make(map[planKey]*fsguard.Plan)}
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
	owner := tree.Owner(e.owner)
	e.volumes = volume.NewFormatter(e.path("trash")) // emptied by the next owner
	if e.snapshots, err = snapshot.Open(e.path("snapshots"), owner); err != nil {
		return err
	}
	if e.masks, err = fsguard.OpenMaskCache(e.path("masks")); err != nil {
		return err
	}
	if e.bin, err = openBin(e.path("trash")); err != nil {
		return err
	}
	e.guard, err = fsguard.NewGuard(fsguard.Identity(e.owner))
	return err
}

func (e *Engine) path(name string) string { return filepath.Join(e.state.Path, name) }

// StateDir is the state directory.
func (e *Engine) StateDir() string { return e.state.Path }

// Close ends the guard and gives the state directory up. Sandboxes must be
// stopped before.
func (e *Engine) Close() error {
	if e.guard != nil {
		_ = e.guard.Close()
	}
	if e.bin != nil {
		e.bin.close()
	}
	if e.snapshots != nil {
		_ = e.snapshots.Close()
	}
	return e.state.Close()
}

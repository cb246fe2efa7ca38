// SPDX-License-Identifier: MIT

package engine

import (
	"errors"
	"io/fs"
	"os"

	"github.com/sandbox-rls/sandbox/internal/commit"
)

// Origin says what a workspace was made of, so that it can be put together again
// by another process. It is plain data.
type Origin struct {
	// Dir is the directory that it was made of: the lower layer itself if Live,
	// else what Snapshot was taken of. It need not be valid UTF-8.
	Dir  []byte `json:"dir,omitempty"`
	Live bool   `json:"live,omitempty"`
	// Since is when the directory was listed, in nanoseconds since 1970.
	Since    int64  `json:"since,omitempty"`
	Snapshot string `json:"snapshot,omitempty"`
	// Codebase, of a version, by its checkout, is the other thing that it can have
	// been made of.
	Codebase string `json:"codebase,omitempty"`
	Version  uint64 `json:"version,omitempty"`
	Checkout string `json:"checkout,omitempty"`
	// Seen is the version of the codebase up to which its uploads are in the
	// workspace.
	Seen uint64 `json:"seen,omitempty"`
	// Waiting are the paths of uploads up to Seen that could not be put there yet.
	Waiting [][]byte `json:"waiting,omitempty"`
	// Known are paths of a live directory that were committed, as that left them.
	Known []KnownPath `json:"known,omitempty"`
}

// KnownPath is a path as a commit left it: nil, if nothing was left.
type KnownPath struct {
	Path  []byte        `json:"path"`
	Stamp *commit.Stamp `json:"stamp"`
}

// adopted keeps what a sandbox needs whose workspace is not put together yet: since
// an earlier process has left it, or since it is a fork that is to be.
type adopted struct {
	origin Origin
	free   func()
	err    error // why it cannot be put together
}

// Adopt says that a sandbox of an earlier process goes on. What is missing for
// it shows when it is started.
func (e *Engine) Adopt(id string, o Origin) {
	a := &adopted{origin: o, free: func() {}}
	switch {
	case o.Snapshot != "":
		snap, err := e.snapshots.Load(o.Snapshot)
		if a.err = err; err == nil {
			a.free = func() { e.snapshots.Release(snap) }
		}
	case o.Codebase != "":
		err := e.codebases.Hold(o.Checkout)
		if err == nil {
			a.free = func() { e.codebases.Drop(o.Checkout) }
		} else if !errors.Is(err, fs.ErrNotExist) { // a missing one is rebuilt
			a.err = err
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.adopted[id] = a
}

// kept is what was kept for a sandbox.
func (e *Engine) kept(id string) (*adopted, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	a := e.adopted[id]
	if a == nil {
		return nil, errors.New("nothing was kept of the sandbox")
	}
	return a, a.err
}

// unkeep lets go of what was kept for a sandbox.
func (e *Engine) unkeep(id string) {
	e.mu.Lock()
	a := e.adopted[id]
	delete(e.adopted, id)
	e.mu.Unlock()
	if a != nil {
		a.free()
	}
}

// Drop throws away what is left of a sandbox that was adopted and whose workspace
// was never put together.
func (e *Engine) Drop(id string) {
	e.unkeep(id)
	if _, err := os.Lstat(e.deltaDir(id)); err == nil {
		_ = e.bin.throw(e.deltaDir(id))
	}
}

// Sweep removes what no adopted sandbox needs.
func (e *Engine) Sweep() error {
	e.mu.Lock()
	keep := make(map[string]bool, len(e.adopted))
	for id := range e.adopted {
		keep[id] = true
	}
	e.mu.Unlock()
	return errors.Join(e.sweepDeltas(keep), e.snapshots.Sweep(), e.codebases.Sweep(func(string) bool { return false }))
}

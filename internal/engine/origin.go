// SPDX-License-Identifier: MIT

package engine

import (
	"errors"

	"github.com/sandbox-rls/sandbox/internal/codebase"
	"github.com/sandbox-rls/sandbox/internal/commit"
	"github.com/sandbox-rls/sandbox/internal/snapshot"
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
	// Codebase, with the version and layers of a checkout, is the other thing that
	// it can have been made of.
	Codebase string   `json:"codebase,omitempty"`
	Version  uint64   `json:"version,omitempty"`
	Layers   []string `json:"layers,omitempty"`
	// Seen is the version of the codebase up to which its uploads are in the
	// workspace.
	Seen uint64 `json:"seen,omitempty"`
	// Committed is the version of the codebase that the last commit has made.
	Committed uint64 `json:"committed,omitempty"`
	// Known are paths of a live directory that were committed, as that left them.
	Known []KnownPath `json:"known,omitempty"`
}

// KnownPath is a path as a commit left it: nil, if nothing was left.
type KnownPath struct {
	Path  []byte        `json:"path"`
	Stamp *commit.Stamp `json:"stamp"`
}

// adopted keeps what a sandbox that was there when the engine was opened needs,
// until its workspace is put together or thrown away.
type adopted struct {
	origin   Origin
	snapshot *snapshot.Snapshot
	checkout *codebase.Checkout
	err      error // why it cannot be put together
}

// Adopt says that a sandbox of an earlier process goes on. What is missing for
// it shows when it is started.
func (e *Engine) Adopt(id string, o Origin) {
	a := &adopted{origin: o}
	switch {
	case o.Snapshot != "":
		a.snapshot, a.err = e.snapshots.Load(o.Snapshot)
	case o.Codebase != "":
		a.checkout, a.err = e.codebases.Load(o.Codebase, o.Version, o.Layers)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.adopted[id] = a
}

// take hands over what was kept for a sandbox.
func (e *Engine) take(id string) (*adopted, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	a := e.adopted[id]
	if a == nil {
		return nil, errors.New("nothing was kept of the sandbox")
	}
	if a.err != nil {
		return nil, a.err
	}
	delete(e.adopted, id)
	return a, nil
}

// Drop throws away what is left of a sandbox that was adopted and whose workspace
// was never put together.
func (e *Engine) Drop(id string) {
	e.mu.Lock()
	a := e.adopted[id]
	delete(e.adopted, id)
	e.mu.Unlock()
	if a == nil {
		return
	}
	a.free(e)()
	_ = e.bin.throw(e.deltaDir(id))
}

// Sweep removes what no adopted sandbox needs.
func (e *Engine) Sweep() error {
	e.mu.Lock()
	keep := make(map[string]bool, len(e.adopted))
	for id := range e.adopted {
		keep[id] = true
	}
	e.mu.Unlock()
	return errors.Join(e.sweepDeltas(keep), e.snapshots.Sweep(), e.codebases.Sweep())
}

// free lets go of what was kept.
func (a *adopted) free(e *Engine) func() {
	switch {
	case a.snapshot != nil:
		return func() { e.snapshots.Release(a.snapshot) }
	case a.checkout != nil:
		return a.checkout.Release
	}
	return func() {}
}

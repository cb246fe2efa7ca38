// SPDX-License-Identifier: MIT

package engine

import "github.com/sandbox-rls/sandbox/runtime"

// CanPark reports whether the box can be closed and started again without
// anything being lost.
func (b *Box) CanPark() bool {
	_, ok := b.Instance.(runtime.Parker)
	return ok
}

// Park closes a box and keeps for the next start what it has in memory. A box that
// cannot be parked is closed.
func (w *Workspace) Park(b *Box) {
	b.once.Do(func() {
		w.keep(b.Instance)
		b.Files.Close()
		_ = b.Instance.Close()
	})
}

// keep ends an instance, which is to be closed, and keeps what it has in memory if it
// can be parked.
func (w *Workspace) keep(in runtime.Instance) {
	in.Kill()
	if p, ok := in.(runtime.Parker); ok {
		w.dropScratch()
		w.scratch = p.Scratch()
	}
}

// DropScratch lets go of what a parked box has kept. Like Park and Start it is for
// whoever changes the sandbox, one at a time.
func (w *Workspace) DropScratch() { w.dropScratch() }

func (w *Workspace) dropScratch() {
	if w.scratch != nil {
		w.scratch.Close()
		w.scratch = nil
	}
}

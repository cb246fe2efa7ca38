// SPDX-License-Identifier: MIT

package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
	"github.com/sandbox-rls/sandbox/runtime"
)

// A sandbox's origin may become another while the sandbox goes on: paths are
// committed to it, or uploaded to its codebase. What has become of them is kept
// in bases, layers above the lower ones: what a sandbox has is a change only if
// it is not so there. One is open: it is mounted nowhere. At the next start it
// becomes a layer of the mount.
const (
	openBase   = "open"
	basePrefix = "base-"
	// mergingBases is what is to be a base, and freshUpper what is to be the upper
	// layer.
	mergingBases = ".merging"
	freshUpper   = "fresh"
	// maxBases is how many closed bases a sandbox has before they become one.
	maxBases = 4
)

// findBases finds what an earlier process has left.
func (w *Workspace) findBases() error {
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		return err
	}
	w.closed, w.opened = nil, false
	for _, d := range entries {
		if d.Name() == openBase {
			w.opened = true
		}
		if n, ok := strings.CutPrefix(d.Name(), basePrefix); ok {
			if _, err := strconv.Atoi(n); err == nil {
				w.closed = append(w.closed, filepath.Join(w.dir, d.Name()))
			}
		}
	}
	slices.SortFunc(w.closed, func(a, b string) int { return baseNumber(b) - baseNumber(a) })
	return nil
}

func baseNumber(dir string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(filepath.Base(dir), basePrefix))
	return n
}

// bases are the bases, the topmost first.
func (w *Workspace) bases() []string {
	if !w.opened {
		return w.closed
	}
	return append([]string{filepath.Join(w.dir, openBase)}, w.closed...)
}

// layers are what a delta is compared of.
func (w *Workspace) layers() delta.Layers {
	l := delta.Layers{Upper: w.Upper(), Lower: w.Lower()}
	if w.opened {
		l.Open = filepath.Join(w.dir, openBase)
	}
	return l
}

// view is what a start mounts.
func (w *Workspace) view(mount *os.File) runtime.View {
	v := runtime.View{Target: Target, Lower: w.lower, Facade: w.facade, Delta: w.delta, DeltaMount: mount}
	for _, dir := range w.closed {
		v.Above = append(v.Above, runtime.Layer{Dir: dir})
	}
	if w.Live && w.delta == "" && len(w.lower) == 1 {
		v.Lower = []runtime.Layer{w.lower[0], {Dir: w.engine.path(emptyLayer)}}
	}
	return v
}

// emptyLayer is a layer that adds nothing, beneath a live directory that nothing
// else is stacked on. That makes an overlay of it, in which a FIFO or a socket is
// another than the host's of the same name: a read-only mount alone would let both
// be written to.
const emptyLayer = "empty"

// promote closes the open base, before a start: nothing is mounted then.
func (w *Workspace) promote() error {
	done, err := w.holdAlone()
	if err != nil {
		return err
	}
	defer done()
	return w.promoteHeld()
}

// promoteHeld is promote for whoever holds the workspace alone.
func (w *Workspace) promoteHeld() error {
	if !w.opened {
		return nil
	}
	if err := delta.Promote(w.layers(), tree.Owner(w.engine.owner)); err != nil {
		return fmt.Errorf("making the base a layer: %w", err)
	}
	return w.closeBase()
}

// closeBase makes the open base, if there is one, a layer of the next mount.
func (w *Workspace) closeBase() error {
	if !w.opened {
		return nil
	}
	dir := filepath.Join(w.dir, w.nextBase())
	if err := os.Rename(filepath.Join(w.dir, openBase), dir); err != nil {
		return err
	}
	w.opened, w.closed = false, append([]string{dir}, w.closed...)
	if len(w.closed) <= maxBases {
		return nil
	}
	return w.merge()
}

// nextBase is the name of the next closed base.
func (w *Workspace) nextBase() string {
	n := 1
	if len(w.closed) > 0 {
		n = baseNumber(w.closed[0]) + 1
	}
	return basePrefix + strconv.Itoa(n)
}

// merge makes one of all closed bases.
func (w *Workspace) merge() error {
	into := filepath.Join(w.dir, w.nextBase())
	temp := filepath.Join(w.dir, mergingBases)
	if err := tree.Remove(temp); err != nil {
		return err
	}
	if err := delta.Merge(w.closed, temp); err != nil {
		return fmt.Errorf("merging bases: %w", err)
	}
	if err := os.Rename(temp, into); err != nil {
		return err
	}
	for _, dir := range w.closed {
		if err := w.engine.bin.throw(dir); err != nil {
			return err
		}
	}
	w.closed = []string{into}
	return nil
}

// rebase notes what has become of paths of the origin. With a mounted workspace
// the caller sees to it that the upper layer says the same.
func (w *Workspace) rebase(ctx context.Context, put func(*delta.Base) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l := w.layers()
	l.Open = filepath.Join(w.dir, openBase)
	b, err := delta.OpenBase(l, tree.Owner(w.engine.owner))
	if err != nil {
		return err
	}
	w.opened = true
	err = put(b)
	if closed := b.Close(); err == nil {
		err = closed
	}
	return err
}

// SPDX-License-Identifier: MIT

package engine

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Changes lists what the sandbox changed. The workspace must be held.
func (w *Workspace) Changes() ([]delta.Change, error) { return w.changes(nil) }

// changes shows the files that were read to seen, if that is not nil.
func (w *Workspace) changes(seen delta.Seen) ([]delta.Change, error) {
	if w.delta == "" {
		return nil, nil
	}
	done, err := w.whole(context.Background())
	if err != nil {
		return nil, err
	}
	defer done()
	return delta.ChangesSeen(w.layers(), seen)
}

// Reader reads both sides of changes. The workspace must be held.
func (w *Workspace) Reader() (*delta.Reader, error) { return delta.OpenReader(w.layers()) }

// Discard drops what the sandbox changed. Nothing may be mounted.
func (w *Workspace) Discard(ctx context.Context) error { return w.replaceUpper(ctx, "") }

// Restore makes what the sandbox changed what it was when it was kept. Nothing may
// be mounted.
func (w *Workspace) Restore(ctx context.Context, id string) error {
	return w.replaceUpper(ctx, w.kept(id))
}

// replaceUpper puts a copy of an upper layer, or an empty one, in the place of the
// sandbox's. What has become of its origin in the meantime stays. The new one is
// whole before it takes its place.
func (w *Workspace) replaceUpper(ctx context.Context, from string) error {
	done, err := w.holdAlone()
	if err != nil {
		return err
	}
	defer done()
	if w.delta == "" {
		return nil
	}
	fresh := filepath.Join(w.delta, freshUpper)
	if err := tree.Remove(fresh); err != nil {
		return err
	}
	if from == "" {
		err = w.emptyUpper(fresh)
	} else {
		err = delta.Copy(ctx, fresh, from, tree.Owner(w.engine.owner))
	}
	if err == nil {
		err = w.promoteHeld() // so that the old one is right too, should nothing come after this
	}
	if err == nil {
		err = exchange(fresh, w.Upper())
	}
	if removed := w.engine.scrap(fresh, w.volume != nil); err == nil {
		err = removed
	}
	if err != nil {
		return err
	}
	// What overlayfs keeps in its work directory belongs to the upper layer that was.
	return tree.Remove(filepath.Join(w.delta, "work", "work"))
}

// emptyUpper makes an upper layer in which nothing was changed.
func (w *Workspace) emptyUpper(dir string) error {
	fi, err := os.Stat(w.Lower()[0])
	if err != nil {
		return err
	}
	return w.engine.mkdir(dir, fi.Mode().Perm())
}

// scrap removes a directory: on a volume at once, since the bin is elsewhere.
func (e *Engine) scrap(dir string, volume bool) error {
	if _, err := os.Lstat(dir); os.IsNotExist(err) {
		return nil
	}
	if volume {
		return tree.Remove(dir)
	}
	return e.bin.throw(dir)
}

func (w *Workspace) kept(id string) string { return filepath.Join(w.dir, "checkpoints", id) }

// Keep copies what the sandbox changed, under an id. What it has deleted of the open
// base is written down as deleted, since the base will be a layer by the time at
// which the copy is used. What is no change is not kept: it may have become another
// thing by then.
func (w *Workspace) Keep(ctx context.Context, id string) error {
	done, err := w.Hold()
	if err != nil {
		return err
	}
	defer done()
	if w.delta == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(w.kept(id)), 0o700); err != nil {
		return err
	}
	err = w.copyUpper(ctx, w.kept(id))
	if err == nil {
		l := w.layers()
		l.Upper = w.kept(id)
		err = delta.Strip(l, tree.Owner(w.engine.owner))
	}
	if err != nil {
		return errors.Join(err, w.engine.scrap(w.kept(id), false))
	}
	return nil
}

// KeepOnly removes what an earlier process had begun to keep, or to drop.
func (w *Workspace) KeepOnly(wanted func(id string) bool) {
	names, _ := os.ReadDir(filepath.Dir(w.kept("")))
	for _, d := range names {
		if !wanted(d.Name()) {
			_ = w.engine.scrap(w.kept(d.Name()), false)
		}
	}
}

// copyUpper copies the upper layer.
func (w *Workspace) copyUpper(ctx context.Context, to string) error {
	owner := tree.Owner(w.engine.owner)
	done, err := w.whole(ctx)
	if err != nil {
		return err
	}
	err = delta.Copy(ctx, to, w.Upper(), owner)
	done()
	if err != nil {
		return err
	}
	l := w.layers()
	if l.Open == "" {
		return nil
	}
	l.Upper = to
	return delta.Promote(l, owner)
}

// DropKept removes a copy that Keep has made.
func (w *Workspace) DropKept(id string) error {
	done, err := w.Hold()
	if err != nil {
		return err
	}
	defer done()
	return w.engine.scrap(w.kept(id), false)
}

// Fork makes another workspace from the state of one.
func (e *Engine) Fork(ctx context.Context, id string, w *Workspace, disk DiskLimit) (*Workspace, error) {
	done, err := w.Hold()
	if err != nil {
		return nil, err
	}
	defer done()
	e.Adopt(id, w.origin) // as if it had been there
	other, err := e.Reopen(ctx, id, w.Policy, disk)
	if err != nil {
		e.Drop(id)
		return nil, err
	}
	if err := other.copyFrom(ctx, w); err != nil {
		other.Release()
		return nil, err
	}
	return other, nil
}

// copyFrom takes over what another workspace, of the same origin, changed.
func (w *Workspace) copyFrom(ctx context.Context, from *Workspace) error {
	if from.delta == "" || w.delta == "" {
		return nil
	}
	owner := tree.Owner(w.engine.owner)
	for _, dir := range from.closed {
		if err := delta.Copy(ctx, filepath.Join(w.dir, filepath.Base(dir)), dir, owner); err != nil {
			return err
		}
	}
	if from.opened {
		if err := delta.Copy(ctx, filepath.Join(w.dir, from.nextBase()), from.layers().Open, owner); err != nil {
			return err
		}
	}
	if err := tree.Remove(w.Upper()); err != nil {
		return err
	}
	if err := from.copyUpper(ctx, w.Upper()); err != nil {
		return err
	}
	return w.findBases()
}

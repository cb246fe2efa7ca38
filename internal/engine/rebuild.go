// SPDX-License-Identifier: MIT

package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/tree"
	"github.com/sandbox-rls/sandbox/runtime"
)

// What a sandbox is given in the place of a checkout of its codebase that has been
// lost: the same, or, when it cannot be had, what comes nearest. With that it can be
// folded and discarded, but not started.
const (
	rebuiltSame   = "rebuilt"
	rebuiltNearly = "rebuilt-nearly"
)

// rebuild finds what was rebuilt for a sandbox, or rebuilds it.
func (e *Engine) rebuild(ctx context.Context, dir string, o *Origin) (root string, lost error, err error) {
	for _, name := range []string{rebuiltSame, rebuiltNearly} {
		if found, _ := filepath.Glob(filepath.Join(dir, name, "*")); len(found) == 1 {
			return found[0], lostOf(name, o), nil
		}
	}
	if _, err := os.Lstat(dir); err != nil { // of a fork, which has none yet
		return "", nil, lostOf(rebuiltNearly, o)
	}
	fresh := filepath.Join(dir, "."+rebuiltSame)
	if err := tree.Remove(fresh); err != nil {
		return "", nil, err
	}
	root, exact, err := e.codebases.Rebuild(ctx, o.Checkout, fresh)
	if err != nil {
		return "", nil, fmt.Errorf("rebuilding the checkout %s, which is lost: %w", o.Checkout, err)
	}
	name := rebuiltNearly
	if exact {
		name = rebuiltSame
	}
	if err := os.Rename(fresh, filepath.Join(dir, name)); err != nil {
		return "", nil, err
	}
	return filepath.Join(dir, name, filepath.Base(root)), lostOf(name, o), nil
}

// lostOf says what is lost.
func lostOf(name string, o *Origin) error {
	if name == rebuiltSame {
		return nil
	}
	return fmt.Errorf("the checkout %s that the sandbox was made of is lost, and its codebase is another by now: "+
		"discard what it changed, or destroy it, and it goes into the codebase: %w", o.Checkout, fs.ErrNotExist)
}

// ofRebuilt is ofCheckout for one that is lost.
func (e *Engine) ofRebuilt(ctx context.Context, dir string, o Origin, policy *fsguard.Policy) (source, error) {
	root, lost, err := e.rebuild(ctx, dir, &o)
	if err != nil {
		return source{}, err
	}
	t, err := tree.List(ctx, root)
	if err != nil {
		return source{}, err
	}
	same := Origin{Codebase: o.Codebase, Version: o.Version, Checkout: o.Checkout, Seen: o.Version}
	return source{origin: same, tree: t, plan: fsguard.NewPlan(t, policy), lower: runtime.Layer{Dir: root}, lost: lost}, nil
}

// Mend puts what can be rebuilt in the place of a checkout that has been lost. Nothing
// may be mounted.
func (w *Workspace) Mend(ctx context.Context) error {
	done, err := w.holdAlone()
	if err != nil {
		return err
	}
	defer done()
	if w.origin.Codebase == "" || w.delta == "" {
		return nil
	}
	for _, l := range w.lower[w.masks:] {
		if _, err := os.Lstat(l.Dir); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		root, lost, err := w.engine.rebuild(ctx, w.dir, &w.origin)
		if err != nil {
			return err
		}
		w.lower, w.lost = append(w.lower[:w.masks:w.masks], runtime.Layer{Dir: root}), lost
		return nil
	}
	return nil
}

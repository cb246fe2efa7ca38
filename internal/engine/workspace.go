// SPDX-License-Identifier: MIT

package engine

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/snapshot"
	"github.com/sandbox-rls/sandbox/internal/tree"
	"github.com/sandbox-rls/sandbox/internal/volume"
	"github.com/sandbox-rls/sandbox/runtime"
)

// Workspace is a tree under a policy, ready to be mounted, with its delta.
type Workspace struct {
	Policy *fsguard.Policy
	Plan   *fsguard.Plan
	// Live says that the lower layer is the directory itself.
	Live bool
	// Skipped are what could not be taken over from the source.
	Skipped []tree.Problem

	lower   []runtime.Layer
	facade  bool           // the first of the lower layers is one
	delta   string         // "" when nothing can be written
	volume  *volume.Volume // that the delta is on; nil: on the state directory's file system
	engine  *Engine
	release []func()

	enforced *runtime.Enforcement // of the disk limit; nil: none

	held sync.RWMutex // while somebody looks at the delta
	gone bool
}

// FromDir prepares a directory. Unless live is asked for it is copied when
// anything in it is hidden, so that what appears there later stays out; else
// the directory itself is the lower layer.
func (e *Engine) FromDir(ctx context.Context, id, dir string, policy *fsguard.Policy, live bool, disk DiskLimit) (*Workspace, error) {
	t, err := tree.List(ctx, dir, tree.Prune(fsguard.PruneFor(policy)))
	if err != nil {
		return nil, err
	}
	plan := fsguard.NewPlan(t, policy)
	w := &Workspace{Policy: policy, Plan: plan, engine: e, Skipped: t.Problems}
	if live || (len(plan.Hidden) == 0 && len(t.Problems) == 0 && e.mappable(t)) {
		w.Live = true
		return w, e.finish(w, id, t, runtime.Layer{Dir: t.Dir, MapOwner: e.owner.UID >= 0}, disk)
	}
	snap, err := e.snapshots.Take(ctx, t, policy)
	if err != nil {
		return nil, err
	}
	w.Plan = snap.Plan
	w.Skipped = snap.Skipped // what of the problems is visible, and more
	w.release = append(w.release, func() { e.snapshots.Release(snap) })
	w.lower = []runtime.Layer{{Dir: snap.Dir}}
	if err := e.addDelta(w, id, disk); err != nil {
		w.Release()
		return nil, err
	}
	return w, nil
}

// FromCodebase prepares a codebase that was imported. It is immutable, so that
// its plan and its masks are those of the last time.
func (e *Engine) FromCodebase(ctx context.Context, id string, codebase *snapshot.Snapshot, policy *fsguard.Policy, disk DiskLimit) (*Workspace, error) {
	key := planKey{codebase.ID, policy.Digest()}
	e.mu.Lock()
	plan := e.plans[key]
	e.mu.Unlock()
	if plan == nil {
		plan = fsguard.NewPlan(codebase.Tree, policy)
		e.mu.Lock()
		e.plans[key] = plan
		e.mu.Unlock()
	}
	// The sandbox may outlive the codebase.
	held, err := e.snapshots.Load(ctx, codebase.ID)
	if err != nil {
		return nil, err
	}
	w := &Workspace{Policy: policy, Plan: plan, engine: e}
	w.release = append(w.release, func() { e.snapshots.Release(held) })
	return w, e.finish(w, id, codebase.Tree, runtime.Layer{Dir: codebase.Dir}, disk)
}

// finish adds the masks and the delta to a lower layer.
func (e *Engine) finish(w *Workspace, id string, t *tree.Tree, lower runtime.Layer, disk DiskLimit) error {
	mask, err := e.masks.Get(t, w.Plan, tree.Owner(e.owner))
	if err != nil {
		w.Release()
		return fmt.Errorf("building the masks: %w", err)
	}
	w.release = append(w.release, mask.Release)
	w.facade = mask.Facade
	if w.facade && stacked(lower.Dir) {
		w.Release()
		return fmt.Errorf("%s is on an overlay file system, and hiding names takes two more on top, which the kernel does not stack: "+
			"make the sandbox of a snapshot (without WithLive), or give the manager a state directory on another file system: %w", lower.Dir, runtime.ErrUnsupported)
	}
	for _, dir := range mask.Layers {
		w.lower = append(w.lower, runtime.Layer{Dir: dir})
	}
	w.lower = append(w.lower, lower)
	if err := e.addDelta(w, id, disk); err != nil {
		w.Release()
		return err
	}
	return nil
}

// addDelta makes the layer that holds what the sandbox changes.
func (e *Engine) addDelta(w *Workspace, id string, disk DiskLimit) error {
	if !w.Plan.Writable {
		if disk.Bytes > 0 {
			w.enforced = &runtime.Enforcement{Resource: runtime.Disk, By: "rules that let nothing be written"}
		}
		return nil
	}
	dir := filepath.Join(e.path("deltas"), id)
	root, err := os.Stat(w.lower[0].Dir)
	if err != nil {
		return err
	}
	if err := e.mkdir(dir, 0o700); err != nil {
		return err
	}
	w.release = append(w.release, func() { w.discard(dir) })
	place, err := e.limitDisk(w, dir, disk)
	if err != nil {
		return err
	}
	for name, mode := range map[string]os.FileMode{"upper": root.Mode().Perm(), "work": 0o700} {
		if err := e.mkdir(filepath.Join(place, name), mode); err != nil {
			return err
		}
	}
	w.delta = place
	return nil
}

// discard throws the delta away, wherever it is.
func (w *Workspace) discard(dir string) {
	if w.volume != nil {
		_ = w.volume.Discard()
	}
	_ = w.engine.bin.throw(dir)
}

// mkdir makes a directory of the sandbox's user, or takes the one that a volume
// comes with.
func (e *Engine) mkdir(path string, mode os.FileMode) error {
	if err := os.Mkdir(path, mode); err != nil && !os.IsExist(err) {
		return err
	}
	if err := os.Chmod(path, mode); err != nil {
		return err
	}
	if e.owner.UID < 0 {
		return nil
	}
	return os.Chown(path, e.owner.UID, e.owner.GID)
}

// mappable reports whether the files of a directory can be those of the
// sandbox's user without a copy: whether they all belong to one user, who is
// the caller or can be mapped.
func (e *Engine) mappable(t *tree.Tree) bool {
	if len(t.Entries) == 0 {
		return false
	}
	uid, gid := t.Entries[0].UID, t.Entries[0].GID
	if e.owner.UID < 0 {
		uid, gid = uint32(os.Geteuid()), uint32(os.Getegid())
	}
	for i := range t.Entries {
		if t.Entries[i].UID != uid || t.Entries[i].GID != gid {
			return false
		}
	}
	return true
}

// Upper is the directory with what the sandbox changed; "" when it can change
// nothing. It means that directory only while the workspace is held.
func (w *Workspace) Upper() string {
	if w.delta == "" {
		return ""
	}
	return filepath.Join(w.delta, "upper")
}

// Lower are the directories beneath it, top first.
func (w *Workspace) Lower() []string {
	var dirs []string
	for _, l := range w.lower {
		dirs = append(dirs, l.Dir)
	}
	return dirs
}

// Release throws the delta away and lets go of the layers. The sandbox must be
// stopped before. Further calls do nothing.
func (w *Workspace) Release() {
	w.held.Lock()
	defer w.held.Unlock()
	if w.gone {
		return
	}
	w.gone = true
	for _, f := range w.release {
		f()
	}
}

// Import copies a whole tree, to be held until Forget.
func (e *Engine) Import(ctx context.Context, t *tree.Tree) (*snapshot.Snapshot, error) {
	return e.snapshots.Take(ctx, t, nil)
}

// Forget lets go of what Import made.
func (e *Engine) Forget(s *snapshot.Snapshot) {
	e.mu.Lock()
	maps.DeleteFunc(e.plans, func(k planKey, _ *fsguard.Plan) bool { return k.codebase == s.ID })
	e.mu.Unlock()
	e.snapshots.Release(s)
}

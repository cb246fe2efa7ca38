// SPDX-License-Identifier: MIT

package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/codebase"
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

	engine  *Engine
	dir     string // what the sandbox has on disk
	origin  Origin
	lower   []runtime.Layer
	masks   int            // how many of the lower layers hide what is to be hidden
	lost    error          // what is lost of the others, so that it cannot be started
	facade  bool           // the first of the lower layers is one
	delta   string         // "" when nothing can be written
	volume  *volume.Volume // that the delta is on; nil: on the state directory's file system
	release []func()

	enforced *runtime.Enforcement // of the disk limit; nil: none
	scratch  *os.File             // what a parked instance has kept; nil: nothing

	turns  turns        // while somebody looks at the delta, or the owner writes a file
	held   sync.RWMutex // while somebody looks at the delta
	gone   bool
	closed []string // bases that are, or will be, mounted above the lower layers
	opened bool     // there is an open base
}

// Origin says what the workspace is made of.
func (w *Workspace) Origin() Origin {
	w.held.RLock()
	defer w.held.RUnlock()
	return w.origin
}

// source is what layers and plan of a workspace are made of.
type source struct {
	origin Origin
	tree   *tree.Tree // nil of a snapshot
	plan   *fsguard.Plan
	lower  runtime.Layer
	extra  []runtime.Layer // above lower
	free   func()
	lost   error // why it cannot be started
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
	w := e.newWorkspace(id, policy, Origin{Dir: []byte(t.Dir), Since: t.Listed})
	if live || (len(plan.Hidden) == 0 && len(t.Problems) == 0 && e.mappable(t)) {
		w.origin.Since = t.Settle()
		w.Skipped = t.Problems
		return w, w.begin(e.ofDir(t, plan), w.origin, disk)
	}
	snap, err := e.snapshots.Take(ctx, t, policy)
	if err != nil {
		return nil, err
	}
	w.Skipped = snap.Skipped // what of the problems is visible, and more
	return w, w.begin(e.ofSnapshot(snap, snap.Plan), w.origin, disk)
}

// FromCodebase prepares a codebase as it is now.
func (e *Engine) FromCodebase(ctx context.Context, id, codebaseID string, policy *fsguard.Policy, disk DiskLimit) (*Workspace, error) {
	c, err := e.codebases.Checkout(ctx, codebaseID)
	if err != nil {
		return nil, err
	}
	w := e.newWorkspace(id, policy, Origin{})
	return w, w.begin(e.ofCheckout(c, policy), w.origin, disk)
}

// Reopen puts together the workspace of a sandbox that was adopted, with its delta.
func (e *Engine) Reopen(ctx context.Context, id string, policy *fsguard.Policy, disk DiskLimit) (*Workspace, error) {
	a, err := e.kept(id)
	if err != nil {
		return nil, err
	}
	s, err := e.restore(ctx, e.deltaDir(id), a, policy)
	if err != nil {
		return nil, err
	}
	w := e.newWorkspace(id, policy, a.origin)
	if err := w.begin(s, a.origin, disk); err != nil {
		return nil, err
	}
	e.unkeep(id) // the workspace holds it now
	return w, nil
}

// restore finds again what a workspace was made of, that has dir.
func (e *Engine) restore(ctx context.Context, dir string, a *adopted, policy *fsguard.Policy) (s source, err error) {
	switch {
	case a.origin.Snapshot != "":
		snap, err := e.snapshots.Load(a.origin.Snapshot)
		if err != nil {
			return s, err
		}
		hidden, err := snap.Hidden()
		if err != nil {
			e.snapshots.Release(snap)
			return s, err
		}
		return e.ofSnapshot(snap, fsguard.RestorePlan(hidden, policy)), nil
	case a.origin.Codebase != "":
		c, err := e.codebases.Load(ctx, a.origin.Checkout)
		if errors.Is(err, fs.ErrNotExist) {
			return e.ofRebuilt(ctx, dir, a.origin, policy)
		}
		if err != nil {
			return s, err
		}
		return e.ofCheckout(c, policy), nil
	}
	t, err := tree.List(ctx, string(a.origin.Dir), tree.Prune(fsguard.PruneFor(policy)))
	if err != nil {
		return s, err
	}
	return e.ofDir(t, fsguard.NewPlan(t, policy)), nil
}

func (e *Engine) newWorkspace(id string, policy *fsguard.Policy, o Origin) *Workspace {
	return &Workspace{Policy: policy, engine: e, dir: e.deltaDir(id), origin: o}
}

func (e *Engine) ofDir(t *tree.Tree, plan *fsguard.Plan) source {
	return source{origin: Origin{Live: true}, tree: t, plan: plan, lower: runtime.Layer{Dir: t.Dir, MapOwner: e.owner.UID >= 0}}
}

func (e *Engine) ofSnapshot(snap *snapshot.Snapshot, plan *fsguard.Plan) source {
	return source{origin: Origin{Snapshot: snap.ID}, plan: plan, lower: runtime.Layer{Dir: snap.Dir}, free: func() { e.snapshots.Release(snap) }}
}

// ofCheckout takes the plan of the last time: what was checked out does not change.
func (e *Engine) ofCheckout(c *codebase.Checkout, policy *fsguard.Policy) source {
	key := planKey{c.Codebase, c.Version, policy.Digest()}
	e.mu.Lock()
	plan := e.plans[key]
	e.mu.Unlock()
	if plan == nil {
		plan = fsguard.NewPlan(c.Tree, policy)
		e.keepPlan(key, plan)
	}
	s := source{origin: Origin{Codebase: c.Codebase, Version: c.Version, Checkout: c.Name, Seen: c.Version}, tree: c.Tree, plan: plan, free: c.Release}
	for i, dir := range c.Layers {
		if i == len(c.Layers)-1 {
			s.lower = runtime.Layer{Dir: dir}
			break
		}
		s.extra = append(s.extra, runtime.Layer{Dir: dir})
	}
	return s
}

// maxPlans is how many plans of codebases are kept.
const maxPlans = 64

func (e *Engine) keepPlan(key planKey, plan *fsguard.Plan) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for k := range e.plans {
		if len(e.plans) < maxPlans {
			break
		}
		delete(e.plans, k) // any one
	}
	e.plans[key] = plan
}

// begin puts a workspace together of its source. On an error nothing is held.
func (w *Workspace) begin(s source, o Origin, disk DiskLimit) (err error) {
	w.Plan, w.Live, w.lost = s.plan, s.origin.Live, s.lost
	w.origin = s.origin
	w.origin.Dir, w.origin.Since = o.Dir, o.Since
	w.origin.Known, w.origin.Seen, w.origin.Waiting = o.Known, max(o.Seen, w.origin.Seen), o.Waiting
	if s.free != nil {
		w.release = append(w.release, s.free)
	}
	defer func() {
		if err != nil {
			w.letGo()
		}
	}()
	if s.tree != nil { // a snapshot holds nothing hidden
		if err := w.mask(s); err != nil {
			return err
		}
	}
	w.masks = len(w.lower)
	w.lower = append(append(w.lower, s.extra...), s.lower)
	return w.addDelta(disk)
}

// mask adds the layers that hide what is to be hidden.
func (w *Workspace) mask(s source) error {
	mask, err := w.engine.masks.Get(s.tree, w.Plan, tree.Owner(w.engine.owner))
	if err != nil {
		return fmt.Errorf("building the masks: %w", err)
	}
	w.release = append(w.release, mask.Release)
	w.facade = mask.Facade
	if w.facade && stacked(s.lower.Dir) {
		return fmt.Errorf("%s is on an overlay file system, and hiding names takes two more on top, which the kernel does not stack: "+
			"make the sandbox of a snapshot (without WithLive), or give the manager a state directory on another file system: %w", s.lower.Dir, runtime.ErrUnsupported)
	}
	for _, dir := range mask.Layers {
		w.lower = append(w.lower, runtime.Layer{Dir: dir})
	}
	return nil
}

// letGo undoes begin.
func (w *Workspace) letGo() {
	for _, f := range w.release {
		f()
	}
	w.release = nil
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

// Lower are the directories beneath the delta, top first.
func (w *Workspace) Lower() []string {
	dirs := append([]string{}, w.closed...)
	for _, l := range w.lower {
		dirs = append(dirs, l.Dir)
	}
	return dirs
}

// Upper is the directory with what the sandbox changed; "" when it can change
// nothing. It means that directory only while the workspace is held.
func (w *Workspace) Upper() string {
	if w.delta == "" {
		return ""
	}
	return filepath.Join(w.delta, "upper")
}

// whole waits until no file is half written by the owner, and has none begun until
// done. It comes after Hold. The error is the context's.
func (w *Workspace) whole(ctx context.Context) (done func(), err error) {
	return w.turns.enter(ctx, looks)
}

// Hold keeps the delta where it is until done. It fails when the workspace was
// released.
func (w *Workspace) Hold() (done func(), err error) {
	w.held.RLock()
	if w.gone {
		w.held.RUnlock()
		return nil, os.ErrClosed
	}
	return w.held.RUnlock, nil
}

// holdAlone is Hold for whoever changes the layers or the list of them.
func (w *Workspace) holdAlone() (done func(), err error) {
	w.held.Lock()
	if w.gone {
		w.held.Unlock()
		return nil, os.ErrClosed
	}
	return w.held.Unlock, nil
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
	w.dropScratch()
	if w.volume != nil {
		_ = w.volume.Discard()
	}
	_ = w.engine.bin.throw(w.dir)
	w.letGo()
}

// Leave lets go of the workspace and keeps its delta for the next process. The
// sandbox must be stopped before.
func (w *Workspace) Leave() error {
	w.held.Lock()
	defer w.held.Unlock()
	if w.gone {
		return nil
	}
	w.gone = true
	w.dropScratch()
	if w.volume != nil {
		return w.volume.Close()
	}
	return nil
}

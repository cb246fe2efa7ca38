// SPDX-License-Identifier: MIT

package commit

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Run commits. Conflicts are no error: the report has them. With an error the
// target is as before, or the journal still has the commit, for Recover to go
// on; the report, if there is one, says what was left.
//
// ctx ends a commit until the first step is done.
func Run(ctx context.Context, req Request, opts Options) (*Report, error) {
	changes, err := order(req.Changes)
	if err != nil {
		return nil, err
	}
	upper, err := tree.OpenCursor(req.Upper)
	if err != nil {
		return nil, err
	}
	defer upper.Close()
	root, e, err := openRoot(req.Target)
	if err != nil {
		return nil, err
	}
	defer unix.Close(root)

	w := &weigher{buffers: &buffers{}, root: root, source: source{upper}, base: req.Base, contents: req.Contents, overwrite: opts.Overwrite}
	defer w.at.leave()
	j := judge{weigher: w, opts: &opts, index: map[string]int{}}
	for i, c := range changes {
		j.nodes = append(j.nodes, node{change: c})
		j.index[c.Path] = i
	}
	if err := j.judgeAll(ctx, req.Upper); err != nil {
		return nil, err
	}
	report := reportOf(j.nodes)
	if blocks(j.nodes, opts.Partial) {
		report.Applied = nil
	}
	if opts.DryRun || len(report.Applied) == 0 {
		return report, nil
	}
	t := &txn{
		calls: calls{opts.fault}, buffers: j.buffers, opts: &opts, journal: req.Journal, id: newID(), contents: req.Contents,
		root: root, nodes: j.nodes, outcome: newOutcome(len(j.nodes)),
		rec: record{
			Version: recordVersion, Target: name(req.Target), Dev: e.Dev, Ino: e.Ino,
			Partial: opts.Partial, Homes: j.homes,
		},
	}
	return t.run(ctx, req.Upper)
}

func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func (t *txn) run(ctx context.Context, upper string) (*Report, error) {
	if err := t.put(staging); err != nil {
		t.close()
		return nil, err
	}
	err := t.stageEverything(ctx, upper)
	blocked := blocks(t.nodes, t.rec.Partial)
	if err == nil && !blocked {
		err = t.put(applying)
	}
	if err != nil || blocked {
		report := reportOf(t.nodes)
		report.Applied = nil
		return report, errors.Join(err, t.abandon())
	}
	last, err := t.apply()
	return t.conclude(last, err)
}

func (t *txn) stageEverything(ctx context.Context, upper string) error {
	if err := t.openHomes(); err != nil {
		return err
	}
	if err := t.makeDirs(); err != nil {
		return err
	}
	if err := t.stageAll(ctx, upper); err != nil {
		return err
	}
	t.contents = nil // the last of a commit may be done much later
	for _, n := range t.nodes {
		t.rec.Items = append(t.rec.Items, item{name(n.change.Path), n.change.Kind})
	}
	return t.sync()
}

// abandon undoes a commit of which no step was done.
func (t *txn) abandon() error {
	defer t.close()
	if err := t.clean(); err != nil {
		return err
	}
	return t.journal.Delete(t.id)
}

// conclude ends a commit whose steps were done, up to the one where err says
// why not.
func (t *txn) conclude(last int, err error) (*Report, error) {
	if err != nil {
		return t.rollBack(last, err)
	}
	t.noteMissing()
	report := t.report()
	if err := t.mark(suffixDone); err != nil {
		t.close()
		return report, err
	}
	err = t.clean()
	if err != nil {
		t.close()
		return report, err
	}
	finally := func() error { defer t.close(); return t.settle() }
	if t.opts.Later != nil {
		t.opts.Later(finally)
		return report, nil
	}
	return report, finally()
}

// rollBack takes back what was done.
func (t *txn) rollBack(last int, why error) (*Report, error) {
	defer t.close()
	_ = t.put(undoing) // without it, Recover tries to go on first
	err := t.undo(last)
	report := t.report()
	report.Applied, report.RolledBack, report.Restored = nil, true, t.restored
	if errors.Is(why, errConflict) {
		why = nil
	}
	if err == nil {
		err = t.mark(suffixUndone)
	}
	if err == nil {
		err = t.clean()
	}
	if err == nil {
		err = t.settle()
	}
	return report, errors.Join(why, err)
}

// report sorts the changes by their fate, with what was left at each path.
func (t *txn) report() *Report {
	r := reportOf(t.nodes)
	left := r.Applied // in the order of the nodes
	for i := range t.nodes {
		if t.nodes[i].fate == applied {
			left[0].Now, left = t.after[i], left[1:]
		}
	}
	r.Left = t.left
	return r
}

// noteMissing notes what steps left that had been done before a crash.
func (t *txn) noteMissing() {
	for i := range t.rec.Steps {
		s := &t.rec.Steps[i]
		if !t.recovering || t.after[s.Item] != nil || s.Verb == stepRemove || s.Verb == stepRmdir {
			continue
		}
		dir, last, err := openParent(t.root, string(s.Path))
		if err != nil {
			continue
		}
		t.note(s, dir, last)
		unix.Close(dir)
	}
}

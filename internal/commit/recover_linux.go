// SPDX-License-Identifier: MIT

package commit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/delta"
)

// Recover ends the commits that a crash interrupted, by the journal: those that
// were being staged are undone, those that were being applied are finished,
// or undone when that is not possible. It is for the start, when no other commit
// is under way, and can be interrupted and repeated itself. The error is one
// of the journal; those of single commits are in the results.
func Recover(ctx context.Context, j Journal) ([]Recovery, error) {
	return recoverAll(ctx, j, nil)
}

func recoverAll(ctx context.Context, j Journal, fault func(string) error) ([]Recovery, error) {
	entries, err := j.All()
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	var list []Recovery
	for _, id := range slices.Sorted(maps.Keys(entries)) {
		if err := ctx.Err(); err != nil {
			return list, err
		}
		r := Recovery{ID: id}
		rec, err := decodeRecord(entries[id])
		if err != nil {
			r.Outcome, r.Err = Unsettled, err
		} else {
			t := &txn{
				calls: calls{fault}, buffers: &buffers{}, opts: &Options{}, journal: j, id: id, rec: *rec,
				outcome: newOutcome(len(rec.Items)), recovering: true,
			}
			r.Target = string(rec.Target)
			t.recover(&r)
		}
		list = append(list, r)
	}
	return list, nil
}

func (t *txn) recover(r *Recovery) {
	root, e, err := openRoot(r.Target)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR):
		t.drop(r, "is gone")
		return
	case err != nil:
		r.Outcome, r.Err = Unsettled, err
		return
	}
	defer unix.Close(root)
	t.root = root
	if !t.ours(e.Ino, e.Dev) {
		t.drop(r, "is another directory now")
		return
	}
	for _, i := range t.rec.Items {
		t.nodes = append(t.nodes, node{change: delta.Change{Path: string(i.Path), Kind: i.Kind}})
	}
	if err := t.openHomes(); err != nil {
		t.close()
		r.Outcome, r.Err = Unsettled, err
		return
	}
	t.resume(r)
}

// drop forgets a commit whose target cannot be found.
func (t *txn) drop(r *Recovery, why string) {
	r.Outcome, r.Err = Dropped, &fs.PathError{Op: "recover", Path: r.Target, Err: errors.New(why)}
	if err := t.journal.Delete(t.id); err != nil {
		r.Outcome, r.Err = Unsettled, err
	}
}

// ours reports whether a directory is the commit's target. Device numbers may
// be others after a reboot, so the staging directory, whose name nobody can
// guess, is as good.
func (t *txn) ours(ino, dev uint64) bool {
	if ino != t.rec.Ino {
		return false
	}
	return dev == t.rec.Dev || t.marked("") || t.marked(suffixDone) || t.marked(suffixUndone)
}

func (t *txn) marked(suffix string) bool {
	e, err := stat(t.root, t.stagingName()+suffix, "")
	return err == nil && e.Mode.IsDir()
}

// resume ends the commit.
func (t *txn) resume(r *Recovery) {
	if t.rec.State == staging {
		r.Outcome = Undone
		if r.Err = t.abandon(); r.Err != nil {
			r.Outcome = Unsettled
		}
		return
	}
	if t.dirs[0].fd < 0 { // all was done but to clean
		t.sweep(r)
		return
	}
	var err error
	if t.rec.State == applying {
		if _, err = t.apply(); err == nil {
			r.Outcome = Finished
			if r.Report, r.Err = t.conclude(len(t.rec.Steps), nil); r.Err != nil {
				r.Outcome = Unsettled
			}
			return
		}
	}
	// Steps after the one that failed may have been done before the crash.
	r.Outcome = Undone
	r.Report, r.Err = t.rollBack(len(t.rec.Steps), err)
	if t.stays() {
		r.Outcome = Unsettled
	}
}

// stays reports whether the journal still has the commit.
func (t *txn) stays() bool {
	entries, err := t.journal.All()
	_, ok := entries[t.id]
	return err != nil || ok
}

// sweep removes what is left of a commit of which nothing is needed any more.
func (t *txn) sweep(r *Recovery) {
	defer t.close()
	r.Outcome = Finished
	if t.marked(suffixUndone) || t.rec.State == undoing {
		r.Outcome = Undone
	}
	for i := range t.rec.Steps {
		t.wasKept(&t.rec.Steps[i])
	}
	switch {
	case r.Outcome == Finished:
		t.doubt()
		t.noteMissing()
		r.Report = t.report()
	case len(t.left) > 0:
		r.Report = &Report{RolledBack: true, Left: t.left}
	}
	r.Err = t.clean()
	if r.Err == nil {
		r.Err = t.settle()
	}
	if r.Err != nil {
		r.Outcome = Unsettled
	}
}

// doubt takes out of what was applied all that does not look so. Whether it was in
// conflict when it was to be applied, or changed after, nothing tells any more.
func (t *txn) doubt() {
	for i := range t.rec.Steps {
		s := &t.rec.Steps[i]
		if !t.evident(s) {
			t.nodes[s.Item].set(conflict, changed+", before the commit or after")
		}
	}
}

// evident reports whether the target is as a step leaves it.
func (t *txn) evident(s *step) bool {
	dir, last, err := openParent(t.root, string(s.Path))
	if err != nil {
		return s.New == nil && s.Verb != stepChmod && blocked(err) != ""
	}
	defer unix.Close(dir)
	e, err := stat(dir, last, "")
	switch s.Verb {
	case stepRemove, stepRmdir:
		return err == unix.ENOENT || err == nil && t.stagedHere(e.Ino, s.Item)
	case stepChmod:
		return err == nil && e.Ino == s.Old.Ino && bits(e.Mode) == s.Perm
	}
	return err == nil && e.Ino == s.New.Ino
}

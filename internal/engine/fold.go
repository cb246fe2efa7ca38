// SPDX-License-Identifier: MIT

package engine

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/codebase"
	"github.com/sandbox-rls/sandbox/internal/commit"
	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Fold puts all that the sandbox changed into its codebase, but for what somebody
// else wrote later, what the rules do not let be written, and what it returns: what a
// codebase cannot take, or cannot be read. The workspace must be held, and its sandbox
// stopped.
func (w *Workspace) Fold(ctx context.Context) (left []commit.Item, err error) {
	changes, failed, long, err := w.allChanges()
	if err != nil {
		return nil, err
	}
	left = slices.Concat(failed, long)
	if len(changes) == 0 {
		return left, nil
	}
	batch, rest, closeAll, err := w.batch(ctx, changes, false)
	if err != nil {
		return nil, err
	}
	defer closeAll()
	end := w.beginCommit()
	report, err := w.engine.codebases.Apply(ctx, w.origin.Codebase, batch)
	if err != nil {
		end() // else the sandbox is to go, and if it does not, it has to learn what was folded
		return nil, err
	}
	return slices.Concat(left, rest.Skipped, failures(report.Failed, kindsOf(changes))), nil
}

// allChanges lists what the sandbox changed, which must be stopped. Directories that keep
// their owner out are opened up, as often as others come to light by that.
func (w *Workspace) allChanges() (changes []delta.Change, failed, long []commit.Item, err error) {
	const rounds = 100
	for range rounds {
		changes, err = w.Changes()
		failed, long, err = unlisted(err)
		if err != nil || len(failed) == 0 || !w.openUp(failed) {
			break
		}
	}
	return changes, failed, long, err
}

// openUp reports whether one of the directories that could not be looked at can be now.
func (w *Workspace) openUp(closed []commit.Item) (done bool) {
	for _, dir := range append(w.bases(), w.Upper()) { // a commit takes the mode along
		layer, err := tree.OpenCursor(dir)
		if err != nil {
			continue
		}
		for _, item := range closed {
			opened, _ := delta.OpenUp(layer, item.Path)
			done = done || opened
		}
		_ = layer.Close()
	}
	return done
}

// batch makes of changes what a codebase can take, if the rules let them be
// written. It says what else there is of each.
func (w *Workspace) batch(ctx context.Context, changes []delta.Change, strict bool) (b codebase.Batch, rest commit.Report, closeAll func(), err error) {
	b.Strict = strict
	upper, err := tree.OpenCursor(w.Upper())
	if err != nil {
		return b, rest, nil, err
	}
	var kept []*delta.Change
	for i := range changes {
		c := &changes[i]
		item := commit.Item{Path: c.Path, Kind: c.Kind}
		if w.Policy.Level(c.Path) != fsguard.Write {
			item.Reason = "the rules do not let it be written"
			rest.Denied = append(rest.Denied, item)
			continue
		}
		if item.Reason = unfit(c); item.Reason != "" {
			rest.Skipped = append(rest.Skipped, item)
			continue
		}
		it := codebase.Item{Path: c.Path, Mode: c.Mode, ModTime: c.ModTime, Link: c.Link, Written: c.Time, Base: w.origin.Version, Delete: c.Kind == delta.Deleted}
		it.Open = func() (io.ReadCloser, error) { return delta.OpenChange(upper, c) }
		if strict { // else nobody changes it meanwhile
			it.Check = func() error { return delta.CheckChange(upper, c) }
		}
		b.Items = append(b.Items, it)
		kept = append(kept, c)
	}
	if err := w.see(ctx, &b, kept); err != nil {
		_ = upper.Close()
		return b, rest, nil, err
	}
	return b, rest, func() { _ = upper.Close() }, nil
}

// see notes in a batch which of what was changed in the codebase since the sandbox
// began it has seen. changes are those of the batch.
func (w *Workspace) see(ctx context.Context, b *codebase.Batch, changes []*delta.Change) error {
	info, err := w.engine.codebases.Get(ctx, w.origin.Codebase)
	if err != nil || info.Version == w.origin.Version {
		return nil // nothing was; or it is gone, as will show
	}
	s, err := w.seen()
	if err != nil {
		return err
	}
	defer s.close()
	for i, c := range changes {
		anew := b.Strict && c.Kind == delta.Added
		if s.base == nil && !anew {
			continue
		}
		now, err := w.engine.codebases.Stat(ctx, w.origin.Codebase, c.Path)
		switch {
		case err == nil && s.has(ctx, &now):
			b.Items[i].Seen = now.Version
		case anew && errors.Is(err, fs.ErrNotExist):
			b.Items[i].Seen = info.Version // there is nothing, and for the sandbox there was nothing
		}
	}
	return nil
}

// commitToCodebase carries changes over to the codebase.
func (w *Workspace) commitToCodebase(ctx context.Context, changes []delta.Change, o CommitOptions) (*commit.Report, error) {
	kind := kindsOf(changes)
	done, err := w.Hold()
	if err != nil {
		return nil, err
	}
	batch, report, closeAll, err := w.batch(ctx, changes, true)
	done()
	if err != nil {
		return nil, err
	}
	defer closeAll()
	batch.Overwrite, batch.Partial, batch.DryRun = o.Overwrite, o.Partial, o.DryRun
	end := func() {}
	if !o.DryRun && !w.committing() { // else it is for what an earlier commit could not note
		end = w.beginCommit()
	}
	applied, err := w.engine.codebases.Apply(ctx, w.origin.Codebase, batch)
	if err != nil {
		end()
		return nil, err
	}
	list := func(paths []string, reason string) (items []commit.Item) {
		for _, p := range paths {
			k, ok := kind[p]
			if !ok {
				k = delta.Deleted // beneath what was deleted
			}
			items = append(items, commit.Item{Path: p, Kind: k, Reason: reason})
		}
		return items
	}
	report.Conflicts = list(applied.Conflicts, "it was changed in the codebase since the sandbox began")
	report.Applied, report.Unchanged = list(applied.Applied, ""), list(applied.Unchanged, "")
	report.Failed = failures(applied.Failed, kind)
	if len(report.Conflicts)+len(report.Failed) > 0 && !o.Partial {
		report.Applied = nil // nor would it be
		end()
		return &report, nil
	}
	if o.DryRun {
		return &report, nil
	}
	if err := w.inCodebase(context.WithoutCancel(ctx), &report, applied.Version); err != nil {
		return &report, err // AfterKill notes it
	}
	end()
	return &report, nil
}

// inCodebase notes that what was committed is no change any more.
func (w *Workspace) inCodebase(ctx context.Context, report *commit.Report, version uint64) error {
	done, err := w.holdAlone()
	if err != nil {
		return err
	}
	defer done()
	return w.rebase(ctx, func(b *delta.Base) error {
		for _, item := range append(report.Applied, report.Unchanged...) {
			if item.Kind == delta.Deleted {
				if err := b.Put(item.Path, delta.PutSpec{Gone: true}); err != nil {
					return err
				}
				continue
			}
			err := w.putStored(ctx, b, item.Path, func(f *codebase.File) bool { return f.Version <= version })
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// putStored puts a file into the base as the codebase has it, if it is the one that
// is meant.
func (w *Workspace) putStored(ctx context.Context, b *delta.Base, path string, meant func(*codebase.File) bool) error {
	f, info, err := w.engine.codebases.Fetch(ctx, w.origin.Codebase, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // somebody has removed it: it stays a change
	}
	if err != nil {
		return err
	}
	if f != nil {
		defer f.Close()
	}
	if !meant(&info) {
		return nil // somebody else's by now: it stays a change
	}
	return b.Put(path, specOf(f, &info))
}

func specOf(f *os.File, info *codebase.File) delta.PutSpec {
	return delta.PutSpec{Mode: info.Mode, ModTime: info.ModTime, Size: info.Size, Link: info.Link, File: f, Share: f != nil}
}

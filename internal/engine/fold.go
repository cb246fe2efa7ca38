// SPDX-License-Identifier: MIT

package engine

import (
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/codebase"
	"github.com/sandbox-rls/sandbox/internal/commit"
	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Fold puts all that the sandbox changed into its codebase, but for what somebody
// else wrote later. The workspace must be held, and its sandbox stopped.
func (w *Workspace) Fold(ctx context.Context) (codebase.ApplyReport, error) {
	changes, err := w.Changes()
	if err != nil || len(changes) == 0 {
		return codebase.ApplyReport{}, err
	}
	batch, _, closeAll, err := w.batch(changes)
	if err != nil {
		return codebase.ApplyReport{}, err
	}
	defer closeAll()
	return w.engine.codebases.Apply(ctx, w.origin.Codebase, batch)
}

// batch makes of changes what a codebase can take, if the rules let them be
// written. It says what else there is of each.
func (w *Workspace) batch(changes []delta.Change) (b codebase.Batch, rest commit.Report, closeAll func(), err error) {
	upper, err := tree.OpenCursor(w.Upper())
	if err != nil {
		return b, rest, nil, err
	}
	for i := range changes {
		c := &changes[i]
		item := commit.Item{Path: c.Path, Kind: c.Kind}
		switch {
		case w.Policy.Level(c.Path) != fsguard.Write:
			item.Reason = "the rules do not let it be written"
			rest.Denied = append(rest.Denied, item)
			continue
		case c.Kind != delta.Deleted && !c.Mode.IsDir() && !c.Mode.IsRegular() && c.Mode&fs.ModeSymlink == 0:
			item.Reason = "it is neither a directory, a regular file nor a symbolic link"
			rest.Skipped = append(rest.Skipped, item)
			continue
		case c.Path == "/":
			item.Reason = "a codebase keeps the permissions of its root"
			rest.Skipped = append(rest.Skipped, item)
			continue
		}
		it := codebase.Item{Path: c.Path, Mode: c.Mode, ModTime: c.ModTime, Link: c.Link, Written: c.Time, Base: w.baseOf(c.Path), Delete: c.Kind == delta.Deleted}
		it.Open = func() (io.ReadCloser, error) { return delta.OpenContent(upper, c.Path) }
		b.Items = append(b.Items, it)
	}
	return b, rest, func() { _ = upper.Close() }, nil
}

// baseOf is the version of the codebase at which the sandbox has seen a path last.
func (w *Workspace) baseOf(path string) uint64 {
	for _, dir := range w.bases() {
		if _, err := os.Lstat(filepath.Join(dir, path)); err == nil {
			return max(w.origin.Seen, w.origin.Committed)
		}
	}
	return w.origin.Version
}

// commitToCodebase carries changes over to the codebase.
func (w *Workspace) commitToCodebase(ctx context.Context, changes []delta.Change, o CommitOptions) (*commit.Report, error) {
	kind := make(map[string]delta.Kind, len(changes))
	for _, c := range changes {
		kind[c.Path] = c.Kind
	}
	done, err := w.Hold()
	if err != nil {
		return nil, err
	}
	batch, report, closeAll, err := w.batch(changes)
	done()
	if err != nil {
		return nil, err
	}
	defer closeAll()
	batch.Strict, batch.Overwrite, batch.Partial, batch.DryRun = true, o.Overwrite, o.Partial, o.DryRun
	applied, err := w.engine.codebases.Apply(ctx, w.origin.Codebase, batch)
	if err != nil {
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
	if len(report.Conflicts) > 0 && !o.Partial {
		report.Applied = nil // nor would it be
		return &report, nil
	}
	if o.DryRun {
		return &report, nil
	}
	return &report, w.inCodebase(ctx, &report, applied.Version)
}

// inCodebase notes that what was committed is no change any more.
func (w *Workspace) inCodebase(ctx context.Context, report *commit.Report, version uint64) error {
	done, err := w.holdAlone()
	if err != nil {
		return err
	}
	defer done()
	w.origin.Committed = max(w.origin.Committed, version)
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
	if err != nil || !meant(&info) {
		if f != nil {
			f.Close()
		}
		return nil // somebody else's by now: it stays a change
	}
	if f != nil {
		defer f.Close()
	}
	return b.Put(path, specOf(f, &info))
}

func specOf(f *os.File, info *codebase.File) delta.PutSpec {
	return delta.PutSpec{Mode: info.Mode, ModTime: info.ModTime, Size: info.Size, Link: info.Link, File: f, Share: f != nil}
}

// SPDX-License-Identifier: MIT

package engine

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/commit"
	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// CommitOptions say what is committed, and where to.
type CommitOptions struct {
	Journal commit.Journal
	// Target is the directory to change; "" is what the workspace was made of.
	Target string
	// Only says which paths are committed, and Above which lie above one of those.
	Only, Above func(path string) bool
	// Expect are the only changes to commit, by their paths; nil: all.
	Expect                     map[string]*delta.Change
	DryRun, Partial, Overwrite bool

	contents *commit.Contents // of files that were compared
}

// Commit carries what the sandbox changed over to what it was made of, or to a
// directory.
func (w *Workspace) Commit(ctx context.Context, o CommitOptions) (*commit.Report, error) {
	done, err := w.Hold()
	if err != nil {
		return nil, err
	}
	var seen delta.Seen
	if !w.ofCodebase(o) {
		o.contents = commit.NewContents(w.Live && o.Target == "", !o.DryRun)
		seen = o.contents.Add
	}
	changes, err := w.changes(seen)
	done()
	failed, long, err := unlisted(err)
	if err != nil {
		return nil, err
	}
	others := func(i commit.Item) bool { return !o.Only(i.Path) && !o.Above(i.Path) }
	failed, long = slices.DeleteFunc(failed, others), slices.DeleteFunc(long, others)
	changes = slices.DeleteFunc(changes, func(c delta.Change) bool { return !o.Only(c.Path) })
	if o.Expect != nil {
		failed, long = concerned(o.Expect, failed), concerned(o.Expect, long)
		var other []commit.Item
		changes, other = selected(o.Expect, changes, slices.Concat(failed, long))
		failed = inOrder(failed, other)
	}
	all := len(failed) == 0 || o.Partial
	if !all {
		o.DryRun = true
	}
	report, err := w.commitListed(ctx, changes, o)
	if report != nil {
		report.Failed, report.Skipped = inOrder(report.Failed, failed), inOrder(report.Skipped, long)
		if !all {
			report.Applied = nil
		}
	}
	return report, err
}

func inOrder(a, b []commit.Item) []commit.Item {
	all := slices.Concat(a, b)
	slices.SortFunc(all, func(a, b commit.Item) int { return tree.Compare(a.Path, b.Path) })
	return all
}

// commitListed commits what was found to be changed.
func (w *Workspace) commitListed(ctx context.Context, changes []delta.Change, o CommitOptions) (*commit.Report, error) {
	if len(changes) == 0 {
		return &commit.Report{}, nil
	}
	if w.ofCodebase(o) {
		return w.commitToCodebase(ctx, changes, o)
	}
	return w.commitToDir(ctx, changes, o)
}

// ofCodebase reports whether the commit is to the codebase that the workspace was made of.
func (w *Workspace) ofCodebase(o CommitOptions) bool {
	return o.Target == "" && w.origin.Codebase != ""
}

func (w *Workspace) commitToDir(ctx context.Context, changes []delta.Change, o CommitOptions) (*commit.Report, error) {
	own := o.Target == ""
	if own {
		o.Target = string(w.origin.Dir)
	}
	made, err := w.missing(o.Target, changes)
	if err != nil {
		return nil, err
	}
	changes = append(changes, made...)
	var base commit.Base
	if own && w.Live {
		base = commit.Known(w.origin.stamps(), commit.ChangedSince(time.Unix(0, w.origin.Since)))
	} else {
		layers, err := commit.OpenLayers(w.layers())
		if err != nil {
			return nil, err
		}
		defer layers.Close()
		base = layers
	}
	report, err := commit.Run(ctx, commit.Request{
		Target: o.Target, Upper: w.Upper(), Changes: changes, Base: base, Contents: o.contents, Journal: o.Journal,
	}, commit.Options{
		DryRun: o.DryRun, Partial: o.Partial, Overwrite: o.Overwrite, Later: w.engine.later,
		Allow: func(path string) bool { return w.Policy.Level(path) == fsguard.Write || in(made, path) },
	})
	if own && w.Live && report != nil && len(report.Restored) > 0 {
		err = errors.Join(err, w.restored(report))
	}
	if err != nil || o.DryRun || !own {
		return report, err
	}
	return report, w.committed(context.WithoutCancel(ctx), o.Target, report)
}

// later has the last of a commit done in the background. Close waits for it.
func (e *Engine) later(last func() error) {
	e.background.Go(func() { _ = last() }) // what fails is done again at the next start
}

// committed notes that what was committed is no change any more. A live sandbox
// sees it in its lower layer.
func (w *Workspace) committed(ctx context.Context, target string, report *commit.Report) error {
	done, err := w.holdAlone()
	if err != nil {
		return err
	}
	defer done()
	if w.Live {
		w.origin.note(report.Applied)
		return nil
	}
	root, err := os.OpenRoot(target)
	if err != nil {
		return err
	}
	defer root.Close()
	return w.rebase(ctx, func(b *delta.Base) error {
		for _, item := range slices.Concat(report.Applied, report.Unchanged) {
			if err := adopt(b, root, item); err != nil {
				return err
			}
		}
		return nil
	})
}

// restored notes that what a commit has put back into a live directory is as it was.
func (w *Workspace) restored(report *commit.Report) error {
	done, err := w.holdAlone()
	if err != nil {
		return err
	}
	defer done()
	w.origin.note(report.Restored)
	return nil
}

// adopt puts what was committed into the base, as the target has it: unless somebody
// has changed it since, which the next commit is to find out.
func adopt(b *delta.Base, root *os.Root, item commit.Item) error {
	if item.Now == nil {
		if item.Kind != delta.Deleted {
			return nil
		}
		return b.Put(item.Path, delta.PutSpec{Gone: true})
	}
	spec := delta.PutSpec{Mode: item.Now.Mode, ModTime: item.Now.Mtime, Size: item.Now.Size}
	name := relative(item.Path)
	switch {
	case item.Now.Mode&fs.ModeSymlink != 0:
		link, ok := commit.ReadLink(root, name, item.Now)
		if !ok {
			return nil
		}
		spec.Link = link
	case item.Now.Mode.IsRegular():
		f, err := root.OpenFile(name, os.O_RDONLY|nonblock, 0)
		if err != nil {
			return nil
		}
		defer f.Close()
		spec.File, spec.Check = f, func() bool { return commit.Still(f, item.Now) }
	}
	return b.Put(item.Path, spec)
}

func relative(path string) string {
	if path == "/" {
		return "."
	}
	return path[1:]
}

// stamps are what commits have left in a live directory.
func (o *Origin) stamps() map[string]*commit.Stamp {
	m := make(map[string]*commit.Stamp, len(o.Known))
	for i := range o.Known {
		m[string(o.Known[i].Path)] = o.Known[i].Stamp
	}
	return m
}

// note adds what a commit has left to what is known, or puts it in the place of that. Both
// are in tree order.
func (o *Origin) note(items []commit.Item) {
	old := o.Known
	o.Known = make([]KnownPath, 0, len(old)+len(items))
	for _, item := range items {
		for len(old) > 0 && tree.Compare(string(old[0].Path), item.Path) < 0 {
			o.Known, old = append(o.Known, old[0]), old[1:]
		}
		if len(old) > 0 && string(old[0].Path) == item.Path {
			old = old[1:]
		}
		o.Known = append(o.Known, KnownPath{Path: []byte(item.Path), Stamp: item.Now})
	}
	o.Known = append(o.Known, old...)
}

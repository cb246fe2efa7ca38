// SPDX-License-Identifier: MIT

package engine

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"

	"github.com/sandbox-rls/sandbox/internal/codebase"
	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// View is a codebase with what sandboxes of it have changed: of several that
// changed one file, the one that did so last is seen.
type View struct {
	// Unread says, for each workspace of which that is so, why something that it changed
	// could not be looked at and is not in the view. What runs in a sandbox can bring
	// that about.
	Unread []error

	store    *codebase.Store
	codebase string
	newest   map[string]*written
	held     []func()
}

// written is a path as a sandbox has written it last.
type written struct {
	delta.Change
	by   *Workspace
	rank int // of the workspace among the others
}

// ViewCodebase looks at a path of a codebase, and at what is beneath it, with what
// was changed there in some workspaces. Of two changes at one time, since the clock of
// a file system ticks some milliseconds, that of the later workspace in the list is
// the newer. No workspace is listed twice. The view must be closed.
func (e *Engine) ViewCodebase(ctx context.Context, id, at string, spaces []*Workspace) (*View, error) {
	v := &View{store: e.codebases, codebase: id, newest: map[string]*written{}}
	if _, err := e.codebases.Get(ctx, id); err != nil {
		return nil, err
	}
	for _, rank := range holdOrder(spaces) {
		if err := ctx.Err(); err != nil {
			v.Close()
			return nil, err
		}
		w := spaces[rank]
		done, err := w.Hold()
		if err != nil {
			continue // destroyed meanwhile: what it wrote is in the codebase
		}
		v.held = append(v.held, done)
		if err := v.add(ctx, w, rank, at); err != nil {
			v.Close()
			return nil, err
		}
	}
	return v, nil
}

// holdOrder is the order in which several workspaces are held, by their indices. It is
// one and the same for everybody: a lock that somebody waits for to hold alone is given
// to no other reader, so that two views which held what the other one lacks would wait
// for each other.
func holdOrder(spaces []*Workspace) []int {
	order := make([]int, len(spaces))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(spaces[a].dir, spaces[b].dir) })
	return order
}

// add adds what a workspace changed, as far as the sandbox lets that be read.
func (v *View) add(ctx context.Context, w *Workspace, rank int, at string) error {
	if w.delta == "" {
		return nil
	}
	done, err := w.whole(ctx)
	if err != nil {
		return err
	}
	changes, err := delta.ChangesAt(w.layers(), at)
	done()
	failed, long, err := unlisted(err)
	if err != nil {
		return err
	}
	if unread := slices.Concat(failed, long); len(unread) > 0 {
		v.Unread = append(v.Unread, &fs.PathError{Op: "changes", Path: unread[0].Path, Err: errors.New(unread[0].Reason)})
	}
	for _, c := range changes {
		if old := v.newest[c.Path]; old == nil || c.Time > old.Time || c.Time == old.Time && rank > old.rank {
			v.newest[c.Path] = &written{Change: c, by: w, rank: rank}
		}
	}
	return nil
}

// Close lets go of the workspaces.
func (v *View) Close() {
	for _, done := range v.held {
		done()
	}
	v.held = nil
}

// wins reports whether what a sandbox wrote is newer than what the codebase has.
func (c *written) wins(ctx context.Context, head *codebase.File) bool {
	if head == nil || c.Time >= head.Written {
		return true
	}
	s, err := c.by.seen()
	if err != nil {
		return false
	}
	defer s.close()
	return s.has(ctx, head) // and the clock was set
}

// Open opens a file.
func (v *View) Open(ctx context.Context, path string) (io.ReadCloser, error) {
	var head *codebase.File
	f, err := v.store.Stat(ctx, v.codebase, path)
	if err == nil {
		head = &f
	}
	c := v.newest[path]
	if c == nil || !c.wins(ctx, head) {
		r, _, err := v.store.Open(ctx, v.codebase, path)
		if err != nil {
			return nil, err
		}
		return r, nil
	}
	switch {
	case c.Kind == delta.Deleted:
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	case !c.Mode.IsRegular():
		return nil, &fs.PathError{Op: "open", Path: path, Err: codebase.ErrNotRegular}
	}
	upper, err := tree.OpenCursor(c.by.Upper())
	if err != nil {
		return nil, err
	}
	defer upper.Close()
	return delta.OpenContent(upper, path)
}

// List lists a directory, sorted by path.
func (v *View) List(ctx context.Context, dir string, recursive bool) ([]codebase.File, error) {
	files, err := v.store.Entries(ctx, v.codebase, dir, recursive)
	implied := v.implied()
	if c := v.newest[dir]; err != nil && implied[dir] == nil && (c == nil || !c.Mode.IsDir() || c.Kind == delta.Deleted) {
		return nil, err
	}
	known := make(map[string]*codebase.File, len(files))
	for i := range files {
		known[files[i].Path] = &files[i]
	}
	list := make([]codebase.File, 0, len(files))
	for i := range files {
		if c := v.newest[files[i].Path]; c == nil || !c.wins(ctx, &files[i]) {
			list = append(list, files[i])
		}
	}
	for path, c := range v.newest {
		parent, _ := tree.Split(path)
		switch {
		case c.Kind == delta.Deleted || path == dir || !c.wins(ctx, known[path]):
		case parent == dir || recursive && tree.Beneath(path, dir):
			list = append(list, codebase.File{Path: path, Mode: c.Mode, Size: c.Size, ModTime: c.ModTime, Written: c.Time})
		}
	}
	for path, f := range implied {
		parent, _ := tree.Split(path)
		if known[path] == nil && path != dir && (parent == dir || recursive && tree.Beneath(path, dir)) {
			list = append(list, *f)
		}
	}
	slices.SortFunc(list, func(a, b codebase.File) int { return tree.Compare(a.Path, b.Path) })
	return list, nil
}

// implied are directories in which sandboxes have written something and that they
// did not make: those that the codebase has, and those that their rules gave them,
// which it may not have.
func (v *View) implied() map[string]*codebase.File {
	dirs := map[string]*codebase.File{}
	for path, c := range v.newest {
		if c.Kind == delta.Deleted || path == "/" {
			continue
		}
		for dir, _ := tree.Split(path); dir != "/" && v.newest[dir] == nil && dirs[dir] == nil; dir, _ = tree.Split(dir) {
			dirs[dir] = &codebase.File{Path: dir, Mode: fs.ModeDir | 0o755, ModTime: c.ModTime, Written: c.Time}
		}
	}
	return dirs
}

// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"time"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Codebase is an immutable copy of a tree, from which sandboxes start without
// a walk and without a copy.
type Codebase struct {
	ID        string    `json:"id"`
	Source    string    `json:"source"`
	Size      int64     `json:"size"` // bytes of its regular files
	FileCount int       `json:"file_count"`
	Created   time.Time `json:"created"`
	// Skipped are the files that could not be taken over.
	Skipped []SkippedFile `json:"skipped,omitempty"`
}

// ImportCodebase copies a directory, all of it, into the state directory of
// the process's manager. The copy stays until DeleteCodebase or the end of the process.
func ImportCodebase(ctx context.Context, dir string) (*Codebase, error) {
	m, err := Default()
	if err != nil {
		return nil, err
	}
	return m.ImportCodebase(ctx, dir)
}

// DeleteCodebase forgets a codebase. Sandboxes that were made of it go on.
func DeleteCodebase(ctx context.Context, id string) error {
	m, err := Default()
	if err != nil {
		return err
	}
	return m.DeleteCodebase(ctx, id)
}

// ImportCodebase copies a directory, as the function of that name does.
func (m *Manager) ImportCodebase(ctx context.Context, dir string) (*Codebase, error) {
	fail := func(err error) (*Codebase, error) { return nil, &Error{Op: "import", Path: dir, Err: err} }
	if err := m.enter(); err != nil {
		return fail(err)
	}
	defer m.making.Done()
	path, err := checkDir(dir)
	if err != nil {
		return fail(err)
	}
	t, err := tree.List(ctx, path)
	if err != nil {
		return fail(err)
	}
	snap, err := m.engine.Import(ctx, t)
	if err != nil {
		return fail(err)
	}
	id, err := newID("cb")
	if err != nil {
		return fail(err)
	}
	c := &codebase{snap: snap, info: Codebase{ID: id, Source: path, Created: time.Now()}}
	for i := range snap.Tree.Entries {
		if e := &snap.Tree.Entries[i]; e.Mode.IsRegular() {
			c.info.Size += e.Size
			c.info.FileCount++
		}
	}
	for _, p := range snap.Skipped {
		c.info.Skipped = append(c.info.Skipped, SkippedFile{Path: p.Path, Err: p.Err})
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		m.engine.Forget(snap)
		return fail(ErrClosed)
	}
	m.codebases[id] = c
	info := c.info
	return &info, nil
}

// DeleteCodebase forgets a codebase, as the function of that name does.
func (m *Manager) DeleteCodebase(ctx context.Context, id string) error {
	m.mu.Lock()
	c := m.codebases[id]
	delete(m.codebases, id)
	m.mu.Unlock()
	if c == nil {
		return &Error{Op: "delete", ID: id, Err: ErrCodebaseNotFound}
	}
	m.engine.Forget(c.snap)
	return nil
}

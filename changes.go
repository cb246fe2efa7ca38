// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"io/fs"

	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/engine"
)

// ChangeKind says what happened to a path.
type ChangeKind string

// The kinds.
const (
	Added    ChangeKind = "added"
	Modified ChangeKind = "modified"
	Deleted  ChangeKind = "deleted"
)

// Change is one path that a sandbox changed.
type Change struct {
	// Path is that in the tree, "/a/b". What takes paths of commands too, such as ReadFile,
	// DiffOptions and CommitOptions.Paths, is to be given Workspace + Path: a command may
	// have made a directory "/workspace" in the tree.
	Path string     `json:"path"`
	Kind ChangeKind `json:"kind"`
	// Mode and Size are the new ones; those of the old file when it was deleted.
	Mode fs.FileMode `json:"mode"`
	Size int64       `json:"size"` // bytes
	// OldMode and OldSize are those before, where there was something.
	OldMode fs.FileMode `json:"old_mode,omitempty"`
	OldSize int64       `json:"old_size,omitempty"`
	// Checksum is the SHA-256, in hexadecimal, of what a file holds or of the text of a
	// symbolic link, as CommitOptions.Expect takes it. Changes leaves it empty.
	Checksum string `json:"checksum,omitempty"`
}

// Changes lists what a sandbox changed, as DeltaService says.
func (m *Manager) Changes(ctx context.Context, sandboxID string) (list []Change, err error) {
	_, err = m.change("changes", sandboxID, func(s *resident) (err error) {
		list, err = s.changes(ctx)
		return err
	})
	return list, err
}

func (s *resident) changes(ctx context.Context) ([]Change, error) {
	w, done, err := s.hold(ctx)
	if err != nil {
		return nil, s.fail("changes", "", err)
	}
	defer done()
	found, err := w.Changes()
	if err != nil {
		return nil, s.fail("changes", "", err)
	}
	var list []Change
	for _, c := range found {
		list = append(list, Change{
			Path: c.Path, Kind: kinds[c.Kind], Mode: c.Mode, Size: c.Size, OldMode: c.OldMode, OldSize: c.OldSize,
		})
	}
	return list, nil
}

// hold keeps the sandbox's delta where it is until done.
func (s *resident) hold(ctx context.Context) (w *engine.Workspace, done func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if w, err = s.tree(ctx); err != nil {
		return nil, nil, err
	}
	if done, err = w.Hold(); err != nil {
		return nil, nil, ErrSandboxNotFound
	}
	return w, done, nil
}

// kinds are those of changes by their numbers.
var kinds = []ChangeKind{delta.Added: Added, delta.Modified: Modified, delta.Deleted: Deleted}

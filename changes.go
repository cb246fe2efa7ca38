// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"io/fs"

	"github.com/sandbox-rls/sandbox/internal/delta"
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
	Path string     `json:"path"` // "/a/b"
	Kind ChangeKind `json:"kind"`
	// Mode and Size are the new ones; those of the old file when it was deleted.
	Mode fs.FileMode `json:"mode"`
	Size int64       `json:"size"` // bytes
	// OldMode and OldSize are those before, where there was something.
	OldMode fs.FileMode `json:"old_mode,omitempty"`
	OldSize int64       `json:"old_size,omitempty"`
}

// Changes lists what the sandbox changed since it was made, sorted by path:
// content, type and permissions. A deleted directory is listed with all that
// was in it. The cost grows with what was changed, not with the tree. It works
// on a stopped sandbox too; on a running one, what is being written at the
// moment may be listed half done.
func (s *Sandbox) Changes(ctx context.Context) ([]Change, error) {
	done, err := s.workspace.Hold()
	if err != nil {
		return nil, s.fail("changes", "", ErrSandboxNotFound)
	}
	defer done()
	upper := s.workspace.Upper()
	if upper == "" {
		return nil, nil
	}
	found, err := delta.Changes(delta.Layers{Upper: upper, Lower: s.workspace.Lower()})
	if err != nil {
		return nil, s.fail("changes", "", err)
	}
	list := make([]Change, len(found))
	for i, c := range found {
		list[i] = Change{
			Path: c.Path, Kind: kinds[c.Kind], Mode: c.Mode, Size: c.Size, OldMode: c.OldMode, OldSize: c.OldSize,
		}
	}
	return list, nil
}

var kinds = map[delta.Kind]ChangeKind{delta.Added: Added, delta.Modified: Modified, delta.Deleted: Deleted}

// SPDX-License-Identifier: MIT

package engine

import (
	"context"
	"errors"
	"os"
	"regexp"
	"slices"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/codebase"
	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// temporaryFile matches what fsguard.Attachment and delta.Promote call a file until
// it is whole.
var temporaryFile = regexp.MustCompile(`^\.sandbox-[0-9a-z]+\.tmp$`)

// Behind reports whether there are uploads that may not have been brought into the
// workspace.
func (w *Workspace) Behind(ctx context.Context) bool {
	if w.origin.Codebase == "" {
		return false
	}
	files, err := w.engine.codebases.Since(ctx, w.origin.Codebase, w.origin.Seen)
	return err == nil && len(files) > 0
}

// AfterKill puts in order what the owner was doing in the workspace when it was
// killed: what it had only begun to write is removed, and an upload that it had
// brought in is no change of the sandbox's. The sandbox must be stopped.
func (w *Workspace) AfterKill(ctx context.Context) error {
	done, err := w.holdAlone()
	if err != nil {
		return err
	}
	defer done()
	changes, err := w.Changes()
	if err != nil || len(changes) == 0 {
		return err
	}
	return errors.Join(w.removeTemporary(changes), w.noteUploads(ctx, changes))
}

func (w *Workspace) removeTemporary(changes []delta.Change) error {
	upper, err := tree.OpenCursor(w.Upper())
	if err != nil {
		return err
	}
	defer upper.Close()
	var failed []error
	for _, c := range changes {
		if _, name := tree.Split(c.Path); c.Kind != delta.Added || !temporaryFile.MatchString(name) {
			continue
		}
		dir, name, err := upper.At(c.Path)
		if err == nil {
			err = tree.RemoveAt(dir, name)
		}
		if err != nil {
			failed = append(failed, &os.PathError{Op: "unlink", Path: c.Path, Err: err})
		}
	}
	return errors.Join(failed...)
}

// noteUploads puts into the base the uploads that are in their places, and which
// are not in it only because that comes after.
func (w *Workspace) noteUploads(ctx context.Context, changes []delta.Change) error {
	if w.origin.Codebase == "" {
		return nil
	}
	uploads, err := w.engine.codebases.Since(ctx, w.origin.Codebase, w.origin.Seen)
	if errors.Is(err, codebase.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	changed := make(map[string]*delta.Change, len(changes))
	for i := range changes {
		changed[changes[i].Path] = &changes[i]
	}
	uploads = slices.DeleteFunc(uploads, func(f codebase.File) bool { return !w.isUpload(changed[f.Path], &f) })
	if len(uploads) == 0 {
		return nil
	}
	return w.rebase(ctx, func(base *delta.Base) error {
		for i := range uploads {
			if err := w.noteUpload(ctx, base, &uploads[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// isUpload reports whether a change is nothing but an upload in its place.
func (w *Workspace) isUpload(c *delta.Change, f *codebase.File) bool {
	if c == nil || c.Kind == delta.Deleted || c.ModTime != f.ModTime || c.Mode.Type() != f.Mode.Type() || c.Link != f.Link {
		return false
	}
	return f.Link != "" || c.Size == f.Size && c.Mode.Perm() == w.uploadMode(f).Perm()
}

func (w *Workspace) uploadMode(f *codebase.File) os.FileMode {
	if w.Policy.Level(f.Path) == fsguard.View {
		return 0
	}
	return f.Mode
}

func (w *Workspace) noteUpload(ctx context.Context, base *delta.Base, info *codebase.File) error {
	f, now, err := w.engine.codebases.Fetch(ctx, w.origin.Codebase, info.Path)
	if err != nil {
		return nil // removed since
	}
	if f != nil {
		defer f.Close()
	}
	if now.Version > info.Version {
		return nil
	}
	return base.Put(info.Path, w.uploadSpec(f, info))
}

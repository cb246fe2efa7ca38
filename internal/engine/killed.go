// SPDX-License-Identifier: MIT

package engine

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/codebase"
	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// isTemporary reports whether a name is what fsguard.Attachment and delta.Promote call
// a file until it is whole. Package regexp would do it with tables that every init of a
// sandbox makes before it begins.
func isTemporary(name string) bool {
	middle, begins := strings.CutPrefix(name, ".sandbox-")
	middle, ends := strings.CutSuffix(middle, ".tmp")
	return begins && ends && middle != "" && strings.Trim(middle, "0123456789abcdefghijklmnopqrstuvwxyz") == ""
}

// Behind reports whether the codebase may have got something, by an upload or by a
// commit of this sandbox's, that the workspace does not know of.
func (w *Workspace) Behind(ctx context.Context) bool {
	if w.origin.Codebase == "" || w.committing() {
		return w.committing()
	}
	info, err := w.engine.codebases.Get(ctx, w.origin.Codebase)
	return err == nil && info.Version > w.origin.Seen
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
	_, _, err = unlisted(err)
	if len(changes) > 0 { // also without those that cannot be looked at
		err = errors.Join(err, w.removeTemporary(changes, isTemporary), w.noteUploads(ctx, changes))
	}
	if err == nil {
		w.endCommit()
	}
	return err
}

// AfterStart removes what a killed process was copying up when it made the open base a
// layer, which it does before the record says that the sandbox runs. Without an open
// base it does nothing. The sandbox must be stopped.
func (w *Workspace) AfterStart() error {
	done, err := w.holdAlone()
	if err != nil {
		return err
	}
	defer done()
	if !w.opened {
		return nil
	}
	changes, err := w.Changes()
	_, _, err = unlisted(err)
	return errors.Join(err, w.removeTemporary(changes, func(name string) bool { return name == delta.RisingName }))
}

// committing is a file that is there while what the sandbox changed goes into its
// codebase. What is there of it then is this sandbox's doing, and not that of one
// with the same files, which was forked.
const committing = "committing"

// beginCommit makes it; what syncs the codebase takes it along. Without it what a killed
// process has committed stays a change.
func (w *Workspace) beginCommit() (end func()) {
	_ = os.WriteFile(filepath.Join(w.dir, committing), nil, 0o600)
	return w.endCommit
}

func (w *Workspace) endCommit() { _ = os.Remove(filepath.Join(w.dir, committing)) }

func (w *Workspace) committing() bool {
	_, err := os.Lstat(filepath.Join(w.dir, committing))
	return err == nil
}

func (w *Workspace) removeTemporary(changes []delta.Change, temporary func(name string) bool) error {
	upper, err := tree.OpenCursor(w.Upper())
	if err != nil {
		return err
	}
	defer upper.Close()
	var failed []error
	for _, c := range changes {
		if _, name := tree.Split(c.Path); c.Kind != delta.Added || !temporary(name) {
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
// are not in it only because that comes after; and what of the sandbox's own changes
// a commit that was cut short had put into the codebase, likewise.
func (w *Workspace) noteUploads(ctx context.Context, changes []delta.Change) error {
	if w.origin.Codebase == "" {
		return nil
	}
	own := w.committing()
	var there []codebase.File
	var gone []string
	for i := range changes {
		c := &changes[i]
		if c.Kind == delta.Deleted && !own || c.Mode.IsDir() {
			continue
		}
		f, err := w.engine.codebases.Stat(ctx, w.origin.Codebase, c.Path)
		if errors.Is(err, codebase.ErrNotFound) {
			return nil // it was deleted
		}
		switch {
		case err == nil && f.Version > w.origin.Version && (f.Upload || own) && w.isUpload(c, &f):
			there = append(there, f)
		case errors.Is(err, fs.ErrNotExist) && c.Kind == delta.Deleted:
			gone = append(gone, c.Path)
		}
	}
	if len(there)+len(gone) == 0 {
		return nil
	}
	return w.rebase(ctx, func(base *delta.Base) error {
		for i := range there {
			if err := w.noteUpload(ctx, base, &there[i]); err != nil {
				return err
			}
		}
		for _, path := range gone {
			if err := base.Put(path, delta.PutSpec{Gone: true}); err != nil {
				return err
			}
		}
		return nil
	})
}

// isUpload reports whether a change is nothing but what the codebase has, in its
// place.
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

// SPDX-License-Identifier: MIT

package engine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/codebase"
	"github.com/sandbox-rls/sandbox/internal/delta"
)

// PlaceUploads puts into a running sandbox what was uploaded to its codebase since
// the last time, at the level that it has there: what is hidden stays out, and of
// what can only be listed a stand-in comes. That is no change of the sandbox's.
func (w *Workspace) PlaceUploads(ctx context.Context, b *Box) error {
	if w.origin.Codebase == "" {
		return nil
	}
	done, err := w.holdAlone()
	if err != nil {
		return err
	}
	defer done()
	files, err := w.engine.codebases.Since(ctx, w.origin.Codebase, w.origin.Seen)
	if err != nil || len(files) == 0 {
		if errors.Is(err, codebase.ErrNotFound) {
			return nil // it was deleted: nothing more comes
		}
		return err
	}
	var failed []error
	seen := w.origin.Seen
	err = w.rebase(ctx, func(base *delta.Base) error {
		for i := range files {
			if err := w.placeUpload(ctx, b, base, &files[i]); err != nil {
				failed = append(failed, err)
			}
			seen = max(seen, files[i].Version)
		}
		return nil
	})
	if err = errors.Join(append(failed, err)...); err == nil {
		w.origin.Seen = seen
	}
	return err
}

// placeUpload puts one file in its place, and then into the base: in between it
// would be taken for a change. One that is in the base was placed before.
func (w *Workspace) placeUpload(ctx context.Context, b *Box, base *delta.Base, info *codebase.File) error {
	level := w.Policy.Level(info.Path)
	if level == fsguard.None {
		return nil
	}
	f, now, err := w.engine.codebases.Fetch(ctx, w.origin.Codebase, info.Path)
	if err != nil {
		return nil // removed since
	}
	if f != nil {
		defer f.Close()
	}
	if now.Version > info.Version {
		return nil // it comes again, or is a sandbox's
	}
	place := fsguard.Placement{Size: info.Size, Mode: info.Mode, ModTime: time.Unix(0, info.ModTime), Symlink: info.Link}
	switch {
	case w.placed(info, f):
		return nil
	case f == nil:
	case level == fsguard.View:
		place.Placeholder = true
	default:
		place.Content = f
	}
	if err := b.Files.Place(info.Path, place); err != nil {
		return err
	}
	return base.Put(info.Path, w.uploadSpec(f, info))
}

// uploadSpec is what an upload is in the base: a stand-in where it can only be
// listed.
func (w *Workspace) uploadSpec(f *os.File, info *codebase.File) delta.PutSpec {
	spec := specOf(f, info)
	if f != nil && w.Policy.Level(info.Path) == fsguard.View {
		spec.File, spec.Share, spec.Mode = nil, false, 0
	}
	return spec
}

// placed reports whether a base says of an upload's path what the upload says: it
// was brought in by a process that died before that was written down.
func (w *Workspace) placed(info *codebase.File, f *os.File) bool {
	for _, dir := range w.bases() {
		path := filepath.Join(dir, info.Path)
		have, err := os.Lstat(path)
		if err != nil {
			continue
		}
		if f == nil {
			link, err := os.Readlink(path)
			return err == nil && link == info.Link && have.ModTime().UnixNano() == info.ModTime
		}
		if fi, err := f.Stat(); err == nil && os.SameFile(have, fi) {
			return true
		}
		// It is a copy where there can be no other name, or a stand-in.
		st, ok := have.Sys().(*syscall.Stat_t)
		alone := ok && st.Nlink == 1
		return alone && have.Size() == info.Size && have.Mode() == w.uploadMode(info) && have.ModTime().UnixNano() == info.ModTime
	}
	return false
}

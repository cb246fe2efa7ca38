// SPDX-License-Identifier: MIT

package engine

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/codebase"
	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// PlaceUploads puts into a running sandbox what was uploaded to its codebase since
// the last time, at the level that it has there: what is hidden stays out, and of
// what can only be listed a stand-in comes. That is no change of the sandbox's.
//
// What cannot be placed, since the sandbox has a directory there or a link on the way,
// or its disk is full, waits for the next time; the error says so, and the others are
// placed all the same.
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
	if err == nil {
		files, err = w.withWaiting(ctx, files)
	}
	if err != nil {
		if errors.Is(err, codebase.ErrNotFound) {
			return nil // it was deleted: nothing more comes
		}
		return err
	}
	next, failed, why, err := w.placeable(files)
	if err == nil && len(next) > 0 {
		err = w.rebase(ctx, func(base *delta.Base) error {
			for i := range next {
				if err := w.placeUpload(ctx, b, base, &next[i]); err != nil {
					failed, why = append(failed, next[i]), append(why, err)
				}
			}
			return ctx.Err()
		})
	}
	if err == nil {
		w.origin.see(files, failed)
	}
	return errors.Join(append(why, err)...)
}

// placeable are the uploads for which there is room, and which are newer than what the
// sandbox has written there: else that stays. To a commit the upload is a conflict then,
// since the sandbox has not seen it.
func (w *Workspace) placeable(files []codebase.File) (next, failed []codebase.File, why []error, err error) {
	if len(files) == 0 || w.delta == "" {
		return files, nil, nil, nil
	}
	upper, err := tree.OpenCursor(w.Upper())
	if err != nil {
		return nil, nil, nil, err
	}
	defer upper.Close()
	for i := range files {
		there, err := delta.Standing(upper, files[i].Path)
		switch {
		case err != nil:
			failed, why = append(failed, files[i]), append(why, err)
		case !there || !w.wroteAfter(&files[i]):
			next = append(next, files[i])
		}
	}
	return next, failed, why, nil
}

// maxWaiting bounds the uploads that a sandbox's origin lists as waiting.
const maxWaiting = 256

// see notes that uploads were brought in, but for those that failed. When too many of
// them did, they and what came after them count as not seen at all.
func (o *Origin) see(files, failed []codebase.File) {
	for i := range files {
		o.Seen = max(o.Seen, files[i].Version)
	}
	o.Waiting = nil // a new list: copies of the origin have the other one
	for i := range failed {
		if i < maxWaiting {
			o.Waiting = append(o.Waiting, []byte(failed[i].Path))
			continue
		}
		o.Seen = min(o.Seen, failed[i].Version-1)
	}
}

// withWaiting adds to uploads those that could not be placed before, unless somebody
// has written there in the codebase since, other than by an upload.
func (w *Workspace) withWaiting(ctx context.Context, files []codebase.File) ([]codebase.File, error) {
	var waiting []codebase.File
	for _, path := range w.origin.Waiting {
		f, err := w.engine.codebases.Stat(ctx, w.origin.Codebase, string(path))
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, err
		case f.Upload && f.Version <= w.origin.Seen:
			waiting = append(waiting, f)
		}
	}
	return append(waiting, files...), nil
}

// wroteAfter reports whether the sandbox has written a path after it was uploaded. What
// is the upload itself was placed without being noted.
func (w *Workspace) wroteAfter(f *codebase.File) bool {
	changes, _ := delta.ChangesAt(w.layers(), f.Path)
	for i := range changes {
		if c := &changes[i]; c.Path == f.Path && c.Time >= f.Written && !w.isUpload(c, f) {
			return true
		}
	}
	return false
}

// placeUpload puts one file in its place, and then into the base: in between it
// would be taken for a change. One that is in the base was placed before.
func (w *Workspace) placeUpload(ctx context.Context, b *Box, base *delta.Base, info *codebase.File) error {
	level := w.Policy.Level(info.Path)
	if level == fsguard.None {
		return nil
	}
	f, now, err := w.engine.codebases.Fetch(ctx, w.origin.Codebase, info.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // removed since
	}
	if err != nil {
		return err
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

// SPDX-License-Identifier: MIT

package sandbox

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/sandbox-rls/sandbox/internal/codebase"
	"github.com/sandbox-rls/sandbox/internal/engine"
	"github.com/sandbox-rls/sandbox/internal/metadata"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// UploadFile writes a file of a codebase, as CodebaseService says.
func (m *Manager) UploadFile(ctx context.Context, id, name string, r io.Reader, opts UploadOptions) (result *UploadResult, err error) {
	err = m.codebaseCall("upload", id, name, func(store *codebase.Store) error {
		o := codebase.WriteOptions{Mode: opts.Mode, Size: -1}
		if opts.Size > 0 {
			o.Size = opts.Size
		}
		if !opts.ModTime.IsZero() {
			o.ModTime = opts.ModTime.UnixNano()
		}
		f, err := store.Write(ctx, id, name, r, o)
		result = &UploadResult{CodebaseID: id, Path: f.Path, Size: f.Size, Checksum: hex.EncodeToString(f.SHA256[:])}
		return err
	})
	if err != nil {
		return nil, err
	}
	m.spreadUploads(ctx, id)
	return result, nil
}

// spreadUploads brings what was uploaded into the running sandboxes of a codebase.
// Those that do not run get it when they are started. What fails, for a sandbox
// whose disk is full, is tried again then; it is no failure of the upload.
func (m *Manager) spreadUploads(ctx context.Context, id string) {
	ctx = context.WithoutCancel(ctx)
	m.mu.Lock()
	boxes := slices.Collect(maps.Keys(m.byCodebase[id]))
	m.mu.Unlock()
	for _, s := range boxes {
		box, err := s.use() // it is not parked meanwhile
		if err != nil || box == nil {
			continue
		}
		s.mu.Lock()
		w := s.workspace
		s.mu.Unlock()
		if err := w.PlaceUploads(ctx, box); err != nil {
			s.logger.Warn("upload not brought into a running sandbox", "id", s.id, "codebase", id, "error", err)
		}
		s.release()
	}
}

// DownloadFile returns a file of a codebase, as CodebaseService says.
func (m *Manager) DownloadFile(ctx context.Context, id, name string) (r io.ReadCloser, err error) {
	err = m.codebaseCall("download", id, name, func(store *codebase.Store) error {
		name, err := codebase.ValidatePath(name)
		if err != nil {
			return err
		}
		view, err := m.viewOf(ctx, id, name)
		if err != nil {
			return err
		}
		defer view.Close()
		r, err = view.Open(ctx, name)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// ListFiles lists a directory of a codebase, as CodebaseService says.
func (m *Manager) ListFiles(ctx context.Context, id, name string, recursive bool) (list []FileInfo, err error) {
	err = m.codebaseCall("list files", id, name, func(store *codebase.Store) error {
		dir, err := "/", error(nil)
		if name != "" {
			dir, err = codebase.ValidatePath(name)
		}
		if err != nil {
			return err
		}
		view, err := m.viewOf(ctx, id, dir)
		if err != nil {
			return err
		}
		defer view.Close()
		files, err := view.List(ctx, dir, recursive)
		for i := range files {
			list = append(list, fileInfoOf(&files[i]))
		}
		return err
	})
	return list, err
}

// fileInfoOf describes a file of a codebase, which has no rules.
func fileInfoOf(f *codebase.File) FileInfo {
	_, name := tree.Split(f.Path)
	return FileInfo{
		Path: f.Path, Name: name, IsDir: f.Mode.IsDir(), Size: f.Size, Mode: f.Mode,
		ModTime: time.Unix(0, f.ModTime), Permission: Write,
	}
}

// viewOf is a codebase with what its sandboxes changed at or beneath a path.
func (m *Manager) viewOf(ctx context.Context, id, at string) (*engine.View, error) {
	var ids []string
	err := m.sandboxes.Scan(id, "", func(row metadata.Row) bool {
		ids = append(ids, row.ID)
		return true
	})
	if err != nil {
		return nil, err
	}
	var boxes []*resident
	for _, sandboxID := range ids {
		if s, err := m.find(sandboxID); err == nil { // else destroyed meanwhile
			boxes = append(boxes, s)
		}
	}
	spaces, err := workspacesOf(ctx, boxes)
	if err != nil {
		return nil, err
	}
	view, err := m.engine.ViewCodebase(ctx, id, at, spaces)
	if err != nil {
		return nil, err
	}
	if n := len(view.Unread); n > 0 {
		m.logger.Warn("not all that sandboxes changed is shown", "codebase", id, "sandboxes", n, "error", view.Unread[0])
	}
	return view, nil
}

// workspacesOf are the workspaces of some sandboxes, the one used last at the end.
func workspacesOf(ctx context.Context, boxes []*resident) (spaces []*engine.Workspace, err error) {
	used := make(map[*resident]int64, len(boxes))
	for _, s := range boxes {
		used[s] = s.active.Load()
	}
	slices.SortFunc(boxes, func(a, b *resident) int { return cmp.Compare(used[a], used[b]) })
	for _, s := range boxes {
		w, err := s.tree(ctx)
		if errors.Is(err, ErrSandboxNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		spaces = append(spaces, w)
	}
	return spaces, nil
}

// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"errors"
	"io"
	"path/filepath"

	"github.com/sandbox-rls/sandbox/internal/codebase"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// CreateCodebase makes an empty codebase, as CodebaseService says.
func (m *Manager) CreateCodebase(ctx context.Context, req CreateCodebaseRequest) (*Codebase, error) {
	return m.makeCodebase(ctx, "create codebase", codebase.Info{Name: req.Name, OwnerID: req.OwnerID}, nil)
}

// ImportCodebase makes a codebase of a directory, as the function of that name does.
func (m *Manager) ImportCodebase(ctx context.Context, dir string) (*Codebase, error) {
	return m.ImportDirectory(ctx, dir, CreateCodebaseRequest{Name: filepath.Base(dir)})
}

// ImportDirectory makes a codebase of a directory of this machine, all of it.
func (m *Manager) ImportDirectory(ctx context.Context, dir string, req CreateCodebaseRequest) (*Codebase, error) {
	fail := func(err error) (*Codebase, error) { return nil, &Error{Op: "import", Path: dir, Err: err} }
	if m.isClosed() {
		return fail(ErrClosed)
	}
	path, err := checkDir(dir)
	if err != nil {
		return fail(err)
	}
	t, err := tree.List(ctx, path)
	if err != nil {
		return fail(err)
	}
	return m.makeCodebase(ctx, "import", codebase.Info{Name: req.Name, OwnerID: req.OwnerID, Source: path}, t)
}

// makeCodebase makes a codebase, with what a directory holds if that is given.
func (m *Manager) makeCodebase(ctx context.Context, op string, info codebase.Info, t *tree.Tree) (*Codebase, error) {
	fail := func(err error) (*Codebase, error) {
		return nil, &Error{Op: op, ID: info.ID, Path: info.Source, Err: kindOf(err)}
	}
	if err := m.enter(); err != nil {
		return fail(err)
	}
	defer m.making.Done()
	id, err := newID("cb")
	if err != nil {
		return fail(err)
	}
	store := m.engine.Codebases()
	info.ID = id
	if info, err = store.Create(ctx, info); err != nil {
		return fail(err)
	}
	if t != nil {
		if _, err = store.Import(ctx, id, t); err != nil {
			return fail(errors.Join(err, store.Delete(context.WithoutCancel(ctx), id)))
		}
		if info, err = store.Get(ctx, id); err != nil {
			return fail(err)
		}
	}
	return codebaseOf(&info), nil
}

func codebaseOf(i *codebase.Info) *Codebase {
	c := &Codebase{
		ID: i.ID, Name: i.Name, OwnerID: i.OwnerID, Source: i.Source, Size: i.Size, FileCount: i.FileCount,
		Created: i.Created, Updated: i.Updated,
	}
	for _, p := range i.Skipped {
		c.Skipped = append(c.Skipped, SkippedFile{Path: p.Path, Err: p.Err})
	}
	return c
}

// kindOf gives an error of the store of codebases its kind.
func kindOf(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, codebase.ErrNotFound):
		return because(ErrCodebaseNotFound, err)
	case errors.Is(err, codebase.ErrInvalidPath), errors.Is(err, codebase.ErrInvalidID), errors.Is(err, codebase.ErrSize),
		errors.Is(err, codebase.ErrTooLarge), errors.Is(err, codebase.ErrInvalidArchive), errors.Is(err, codebase.ErrNotRegular),
		errors.Is(err, codebase.ErrIsDirectory), errors.Is(err, codebase.ErrNotDirectory):
		return because(ErrInvalid, err)
	}
	return err
}

// codebaseCall does something to the codebases, which Close waits for.
func (m *Manager) codebaseCall(op, id, path string, do func(*codebase.Store) error) error {
	err := m.enter()
	if err == nil {
		err = do(m.engine.Codebases())
		m.making.Done()
	}
	if err != nil {
		return &Error{Op: op, ID: id, Path: path, Err: kindOf(err)}
	}
	return nil
}

// GetCodebase describes a codebase, as CodebaseService says.
func (m *Manager) GetCodebase(ctx context.Context, id string) (c *Codebase, err error) {
	err = m.codebaseCall("get codebase", id, "", func(store *codebase.Store) error {
		info, err := store.Get(ctx, id)
		c = codebaseOf(&info)
		return err
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// ListCodebases lists codebases, as CodebaseService says.
func (m *Manager) ListCodebases(ctx context.Context, req ListCodebasesRequest) (*CodebasePage, error) {
	page := &CodebasePage{}
	err := m.codebaseCall("list codebases", "", "", func(store *codebase.Store) error {
		after, size, err := pageOf(req.PageToken, req.PageSize)
		if err != nil {
			return err
		}
		infos, next, err := store.List(ctx, req.OwnerID, after, size)
		for i := range infos {
			page.Codebases = append(page.Codebases, *codebaseOf(&infos[i]))
		}
		if next != "" {
			page.NextPageToken = tokenOf(next)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

// DeleteCodebase forgets a codebase, as CodebaseService says.
func (m *Manager) DeleteCodebase(ctx context.Context, id string) error {
	return m.codebaseCall("delete", id, "", func(store *codebase.Store) error { return store.Delete(ctx, id) })
}

// ImportTar adds what a tar stream holds, as CodebaseService says.
func (m *Manager) ImportTar(ctx context.Context, id string, r io.Reader) (c *Codebase, err error) {
	err = m.codebaseCall("import", id, "", func(store *codebase.Store) error {
		if _, err := store.ImportTar(ctx, id, r, codebase.Limits{}); err != nil {
			return err
		}
		info, err := store.Get(ctx, id)
		c = codebaseOf(&info)
		return err
	})
	if err != nil {
		return nil, err
	}
	m.spreadUploads(ctx, id)
	return c, nil
}

// ExportTar writes a codebase as a tar stream, as CodebaseService says.
func (m *Manager) ExportTar(ctx context.Context, id string, w io.Writer) error {
	return m.codebaseCall("export", id, "", func(store *codebase.Store) error { return store.ExportTar(ctx, id, w) })
}

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
	t, err := m.listWithoutState(ctx, path)
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
	if len(info.Name) > maxName {
		return fail(invalidf("the name of a codebase has more than %d bytes", maxName))
	}
	if err := m.enter(); err != nil {
		return fail(err)
	}
	defer m.making.Done()
	id, err := newID("cb")
	if err != nil {
		return fail(err)
	}
	info.ID = id
	if t != nil {
		info, err = m.importTree(ctx, info, t)
	} else {
		info, err = m.engine.Codebases().Create(ctx, info)
	}
	if err != nil {
		return fail(err)
	}
	return codebaseOf(&info), nil
}

// importTree makes a codebase of a directory. One that is not whole yet is noted,
// so that the next process removes it should this one die.
func (m *Manager) importTree(ctx context.Context, info codebase.Info, t *tree.Tree) (codebase.Info, error) {
	if err := m.imports.Put(info.ID, nil); err != nil {
		return info, err
	}
	store := m.engine.Codebases()
	info, err := store.Create(ctx, info)
	if err != nil {
		return info, errors.Join(err, m.imports.Delete(info.ID))
	}
	if _, err = store.Import(ctx, info.ID, t); err == nil {
		info, err = store.Get(ctx, info.ID)
	}
	if err == nil {
		err = m.imports.Delete(info.ID)
	}
	if err != nil {
		return info, errors.Join(err, m.dropImport(info.ID))
	}
	return info, nil
}

func (m *Manager) dropImport(id string) error {
	if err := m.engine.Codebases().Delete(context.Background(), id); err != nil && !errors.Is(err, codebase.ErrNotFound) {
		return err
	}
	return m.imports.Delete(id)
}

// finishImports removes the codebases in the middle of whose import an earlier
// process has died.
func (m *Manager) finishImports() (err error) {
	if m.imports, err = m.engine.Metadata().Journal("imports"); err != nil {
		return err
	}
	begun, err := m.imports.All()
	for id := range begun {
		err = errors.Join(err, m.dropImport(id))
	}
	return err
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

// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"errors"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/engine"
	"github.com/sandbox-rls/sandbox/internal/metadata"
	"github.com/sandbox-rls/sandbox/runtime"
)

// CreateFromDirectory makes a sandbox of a directory, as DirectoryService says.
func (m *Manager) CreateFromDirectory(ctx context.Context, dir string, req CreateSandboxRequest) (*Info, error) {
	rules, err := m.hideState(dir, &req)
	if err != nil {
		return nil, &Error{Op: "create", Path: dir, Err: err}
	}
	req.Rules = rules
	return m.create(ctx, req, dir, func(id string, p *fsguard.Policy, r *sandboxRecord) (*engine.Workspace, error) {
		if req.CodebaseID != "" {
			return nil, invalidf("both a directory and a codebase")
		}
		path, err := checkDir(dir)
		if err != nil {
			return nil, err
		}
		r.Info.Source = path
		return m.engine.FromDir(ctx, id, path, p, req.Live, req.disk())
	})
}

// CreateSandbox makes a sandbox of a codebase, as SandboxService says.
func (m *Manager) CreateSandbox(ctx context.Context, req CreateSandboxRequest) (*Info, error) {
	return m.create(ctx, req, "", func(id string, p *fsguard.Policy, r *sandboxRecord) (*engine.Workspace, error) {
		w, err := m.engine.FromCodebase(ctx, id, req.CodebaseID, p, req.disk())
		return w, kindOf(err)
	})
}

// GetSandbox describes a sandbox, as SandboxService says.
func (m *Manager) GetSandbox(ctx context.Context, id string) (*Info, error) {
	if err := ctx.Err(); err != nil {
		return nil, &Error{Op: "get", ID: id, Err: err}
	}
	m.mu.Lock()
	s := m.resident[id]
	m.mu.Unlock()
	if s != nil {
		return s.info(), nil
	}
	if err := m.enter(); err != nil {
		return nil, &Error{Op: "get", ID: id, Err: err}
	}
	defer m.making.Done()
	r, err := m.stored(id)
	if err != nil {
		return nil, &Error{Op: "get", ID: id, Err: err}
	}
	return &r.Info, nil
}

// ListSandboxes lists sandboxes, as SandboxService says.
func (m *Manager) ListSandboxes(ctx context.Context, req ListSandboxesRequest) (*SandboxPage, error) {
	fail := func(err error) (*SandboxPage, error) {
		return nil, &Error{Op: "list sandboxes", ID: req.CodebaseID, Err: err}
	}
	after, size, err := pageOf(req.PageToken, req.PageSize)
	if err != nil {
		return fail(err)
	}
	if err := m.enter(); err != nil {
		return fail(err)
	}
	defer m.making.Done()
	rows, next, err := m.rows(ctx, &req, after, size)
	if err != nil {
		return fail(err)
	}
	page := &SandboxPage{NextPageToken: next}
	for i := range rows {
		info, err := m.infoOf(rows[i])
		if err != nil {
			return fail(err)
		}
		page.Sandboxes = append(page.Sandboxes, *info)
	}
	return page, nil
}

// rows reads a page of rows. It takes no lock: nobody who holds one may have to
// wait for it, since a transaction that writes may have to.
func (m *Manager) rows(ctx context.Context, req *ListSandboxesRequest, after string, size int) (rows []metadata.Row, next string, err error) {
	labels := req.Labels
	if req.OwnerID != "" {
		labels = withOwner(labels, req.OwnerID)
	}
	bytes := 0
	scanned := m.sandboxes.Scan(req.CodebaseID, after, func(row metadata.Row) bool {
		if err = ctx.Err(); err != nil {
			return false
		}
		if !hasLabels(row.Labels, labels) {
			return true
		}
		if size == len(rows) || len(rows) > 0 && bytes+len(row.Doc) > maxPageBytes {
			next = tokenOf(rows[len(rows)-1].ID)
			return false
		}
		rows = append(rows, row)
		bytes += len(row.Doc)
		return true
	})
	return rows, next, errors.Join(scanned, err)
}

// infoOf describes the sandbox of a row: as it is at hand, or as it was stored.
func (m *Manager) infoOf(row metadata.Row) (*Info, error) {
	m.mu.Lock()
	s := m.resident[row.ID]
	m.mu.Unlock()
	if s != nil {
		return s.info(), nil
	}
	r, err := recordOf(row, m.opened)
	return &r.Info, err
}

func hasLabels(have, want map[string]string) bool {
	for k, v := range want {
		if got, ok := have[k]; !ok || got != v {
			return false
		}
	}
	return true
}

// StartSandbox starts a sandbox, as SandboxService says.
func (m *Manager) StartSandbox(ctx context.Context, id string) (*Info, error) {
	return m.change("start", id, func(s *resident) error { return s.start(ctx) })
}

// StopSandbox stops a sandbox, as SandboxService says.
func (m *Manager) StopSandbox(ctx context.Context, id string) (*Info, error) {
	return m.change("stop", id, func(s *resident) error { return s.stop(ctx) })
}

// DestroySandbox removes a sandbox, as SandboxService says.
func (m *Manager) DestroySandbox(ctx context.Context, id string) error {
	_, err := m.change("destroy", id, func(s *resident) error { return s.destroy(ctx) })
	return err
}

// UpdateResources replaces the limits of a sandbox, as SandboxService says.
func (m *Manager) UpdateResources(ctx context.Context, id string, limits ResourceLimits) error {
	_, err := m.change("update", id, func(s *resident) error { return s.updateResources(ctx, limits) })
	return err
}

// Usage returns what a sandbox uses, as SandboxService says.
func (m *Manager) Usage(ctx context.Context, id string) (*Usage, error) {
	var u Usage
	_, err := m.change("usage", id, func(s *resident) (err error) {
		u, err = s.usage(ctx)
		return err
	})
	return &u, err
}

// change does something with a sandbox that Close waits for.
func (m *Manager) change(op, id string, do func(*resident) error) (*Info, error) {
	if err := m.enter(); err != nil {
		return nil, &Error{Op: op, ID: id, Err: err}
	}
	defer m.making.Done()
	s, err := m.find(id)
	if err != nil {
		return nil, &Error{Op: op, ID: id, Err: err}
	}
	if err := do(s); err != nil {
		return nil, err
	}
	return s.info(), nil
}

// find returns a sandbox by its id. One that the process does not have at hand is
// taken from the metadata.
func (m *Manager) find(id string) (*resident, error) {
	m.mu.Lock()
	s, closed := m.resident[id], m.closed
	m.mu.Unlock()
	if s != nil {
		return s, nil
	}
	if closed {
		return nil, ErrClosed
	}
	r, err := m.stored(id)
	if err != nil {
		return nil, err
	}
	policy, err := fsguard.Compile(r.Info.Rules)
	if err != nil {
		return nil, err
	}
	rt, err := m.runtimeNamed(r.Info.Runtime)
	if err != nil {
		rt = missingRuntime{Runtime: m.runtime, err: err} // its files can be looked at, and it can be destroyed
	}
	s = m.newResident(r, policy, rt, nil)
	m.mu.Lock()
	defer m.mu.Unlock()
	if other := m.resident[id]; other != nil {
		return other, nil
	}
	if m.closed {
		return nil, ErrClosed
	}
	// It may have been destroyed since it was read.
	if _, err := m.sandboxes.Get(id); errors.Is(err, metadata.ErrNotFound) {
		return nil, ErrSandboxNotFound
	}
	m.addLocked(s)
	return s, nil
}

// missingRuntime stands in for a runtime that the manager was not given.
type missingRuntime struct {
	runtime.Runtime
	err error
}

func (r missingRuntime) Start(context.Context, runtime.Config) (runtime.Instance, error) {
	return nil, r.err
}

// stored reads the record of a sandbox.
func (m *Manager) stored(id string) (r sandboxRecord, err error) {
	row, err := m.sandboxes.Get(id)
	switch {
	case errors.Is(err, metadata.ErrNotFound):
		return r, ErrSandboxNotFound
	case err != nil && m.isClosed():
		return r, ErrClosed
	case err != nil:
		return r, err
	}
	return recordOf(row, m.opened)
}

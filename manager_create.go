// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/engine"
	"github.com/sandbox-rls/sandbox/runtime"
)

// create makes a sandbox on the workspace that prepare gives, and starts it if
// that is asked for. Its record makes it exist.
func (m *Manager) create(ctx context.Context, req CreateSandboxRequest, source string, prepare func(id string, p *fsguard.Policy, r *sandboxRecord) (*engine.Workspace, error)) (*Info, error) {
	fail := func(err error) (*Info, error) {
		var e *Error
		if errors.As(err, &e) && e.Path == "" {
			err = e.Err
		}
		return nil, &Error{Op: "create", ID: req.CodebaseID, Path: source, Err: err}
	}
	if err := m.enter(); err != nil {
		return fail(err)
	}
	defer m.making.Done()
	if err := req.Validate(); err != nil {
		return fail(err)
	}
	policy, err := fsguard.Compile(req.Rules)
	if err != nil {
		return fail(because(ErrInvalid, err))
	}
	rt, err := m.runtimeOf(&req)
	if err == nil {
		err = checkNetwork(rt, req.Network)
	}
	if err != nil {
		return fail(err)
	}
	r, err := newRecord(&req, rt)
	if err != nil {
		return fail(err)
	}
	if p, ok := rt.(runtime.Preparer); ok && req.Start {
		p.Prepare() // while the workspace is put together
	}
	w, err := prepare(r.Info.ID, policy, &r)
	if err != nil {
		return fail(err)
	}
	r.Info.Live = w.Live
	for _, p := range w.Skipped {
		r.Info.Skipped = append(r.Info.Skipped, SkippedFile{Path: p.Path, Err: p.Err})
	}
	s := m.newResident(r, policy, rt, req.logger)
	s.workspace = w
	if err := s.establish(ctx, req.Start); err != nil {
		return fail(err)
	}
	return s.info(), nil
}

// establish makes a new sandbox exist.
func (s *resident) establish(ctx context.Context, start bool) (err error) {
	s.change.Lock()
	defer s.change.Unlock()
	s.manager.add(s) // so that uploads find it
	if start {
		err = s.startAndStore(ctx)
	} else {
		err = s.save()
	}
	if err != nil {
		s.stopLocked()
		s.workspace.Release()
		s.manager.forget(s)
	}
	return err
}

// startAndStore starts a new sandbox while its record is written, which says that it
// runs, and waits for both. One that cannot be started exists no more.
func (s *resident) startAndStore(ctx context.Context) error {
	s.mu.Lock()
	r := s.record
	s.mu.Unlock()
	r.Origin = s.workspace.Origin()
	r.Info.Status, r.Info.Started = StatusRunning, time.Now()
	row, err := r.row()
	if err != nil {
		return s.fail("store", "", err)
	}
	stored := make(chan error, 1)
	go func() { stored <- s.manager.sandboxes.Put(row) }()
	err = s.startLocked(ctx, r.Info.Started)
	failed := <-stored
	switch {
	case err == nil && failed == nil && reflect.DeepEqual(s.workspace.Origin(), r.Origin):
		s.manager.schedule(s.id, s.due())
		return nil
	case err == nil:
		return s.save() // what was uploaded meanwhile, or once more
	}
	s.mu.Lock()
	s.over = ErrSandboxNotFound
	s.mu.Unlock()
	if failed == nil {
		failed = s.manager.sandboxes.Delete(s.id)
	}
	if failed != nil {
		return errors.Join(err, failed)
	}
	return err
}

// newRecord is the record of a sandbox that is to be.
func newRecord(req *CreateSandboxRequest, rt runtime.Runtime) (sandboxRecord, error) {
	id, err := newID("sb")
	if err != nil {
		return sandboxRecord{}, err
	}
	r := sandboxRecord{BestEffort: req.BestEffort, OutputLimit: req.OutputLimit, Info: Info{
		ID: id, CodebaseID: req.CodebaseID, OwnerID: req.OwnerID, Runtime: rt.Name(), Image: req.Image, Status: StatusPending,
		Labels: maps.Clone(req.Labels), Rules: req.Rules, Network: req.Network, Resources: req.Resources,
		Created: time.Now(), IdleTimeout: req.IdleTimeout,
	}}
	if r.OutputLimit == 0 {
		r.OutputLimit = DefaultOutputLimit
	}
	if r.Info.Network == "" {
		r.Info.Network = NetworkNone
	}
	if req.ExpiresIn > 0 {
		r.Info.Expires = r.Info.Created.Add(req.ExpiresIn)
	}
	if sub, ok := rt.(runtime.Substitute); ok {
		r.Info.RuntimeNote = sub.Note()
	}
	return r, nil
}

func (m *Manager) add(s *resident) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.addLocked(s)
}

func (m *Manager) addLocked(s *resident) {
	m.resident[s.id] = s
	codebase := s.record.Info.CodebaseID
	if codebase == "" {
		return
	}
	if m.byCodebase[codebase] == nil {
		m.byCodebase[codebase] = map[*resident]bool{}
	}
	m.byCodebase[codebase][s] = true
}

// forget lets go of a sandbox that is no more.
func (m *Manager) forget(s *resident) {
	m.expiry.set(s.id, time.Time{})
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.resident[s.id] == s {
		delete(m.resident, s.id)
	}
	if set := m.byCodebase[s.record.Info.CodebaseID]; set != nil {
		if delete(set, s); len(set) == 0 {
			delete(m.byCodebase, s.record.Info.CodebaseID)
		}
	}
	for id, owner := range m.sessions {
		if owner == s {
			delete(m.sessions, id)
		}
	}
}

func checkDir(dir string) (string, error) {
	if dir == "" || strings.ContainsRune(dir, 0) {
		return "", invalidf("not the name of a directory: %q", dir)
	}
	path, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	fi, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !fi.IsDir() {
		return "", invalidf("%s is not a directory", dir)
	}
	return path, nil
}

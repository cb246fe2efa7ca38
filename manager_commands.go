// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"io"
	"iter"
)

// Exec runs a command, as CommandService says.
func (m *Manager) Exec(ctx context.Context, sandboxID string, req ExecRequest) (*ExecResult, error) {
	s, err := m.find(sandboxID)
	if err != nil {
		return nil, &Error{Op: "exec", ID: sandboxID, Err: err}
	}
	return s.exec(ctx, req)
}

// ExecStream runs a command and yields what it prints, as CommandService says.
func (m *Manager) ExecStream(ctx context.Context, sandboxID string, req ExecRequest) iter.Seq2[ExecOutput, error] {
	s, err := m.find(sandboxID)
	if err != nil {
		return failed(&Error{Op: "exec", ID: sandboxID, Err: err})
	}
	return s.execStream(ctx, req)
}

// StartCommand starts a command, as CommandStarter says.
func (m *Manager) StartCommand(ctx context.Context, sandboxID string, req ExecRequest) (*Command, error) {
	s, err := m.find(sandboxID)
	if err != nil {
		return nil, &Error{Op: "exec", ID: sandboxID, Err: err}
	}
	return s.startCommand(ctx, req)
}

// failed is a stream that is nothing but an error.
func failed(err error) iter.Seq2[ExecOutput, error] {
	return func(yield func(ExecOutput, error) bool) { yield(ExecOutput{}, err) }
}

// CreateSession opens a session, as SessionService says.
func (m *Manager) CreateSession(ctx context.Context, sandboxID string, req CreateSessionRequest) (*SessionInfo, error) {
	s, err := m.find(sandboxID)
	if err != nil {
		return nil, &Error{Op: "open session", ID: sandboxID, Err: err}
	}
	session, err := s.openSession(ctx, req)
	if err != nil {
		return nil, err
	}
	info := session.describe()
	return &info, nil
}

// GetSession describes a session, as SessionService says.
func (m *Manager) GetSession(ctx context.Context, id string) (*SessionInfo, error) {
	s, err := m.session(id)
	if err != nil {
		return nil, &Error{Op: "find session", ID: id, Err: err}
	}
	info := s.describe()
	return &info, nil
}

// ListSessions lists the sessions of a sandbox, as SessionService says.
func (m *Manager) ListSessions(ctx context.Context, sandboxID string) ([]SessionInfo, error) {
	s, err := m.find(sandboxID)
	if err != nil {
		return nil, &Error{Op: "list sessions", ID: sandboxID, Err: err}
	}
	return s.listSessions(), nil
}

// DestroySession ends a session, as SessionService says.
func (m *Manager) DestroySession(ctx context.Context, id string) error {
	s, err := m.session(id)
	if err != nil {
		return &Error{Op: "close session", ID: id, Err: err}
	}
	s.end()
	return nil
}

// SessionExec runs a command in a session, as SessionService says.
func (m *Manager) SessionExec(ctx context.Context, id string, req SessionExecRequest) (*ExecResult, error) {
	s, err := m.session(id)
	if err != nil {
		return nil, &Error{Op: "session exec", ID: id, Err: err}
	}
	return s.execAll(ctx, req)
}

// SessionExecStream runs a command in a session and yields what it prints, as
// SessionService says.
func (m *Manager) SessionExecStream(ctx context.Context, id string, req SessionExecRequest) iter.Seq2[ExecOutput, error] {
	s, err := m.session(id)
	if err != nil {
		return failed(&Error{Op: "session exec", ID: id, Err: err})
	}
	return s.stream(ctx, req)
}

// session returns a session by its id.
func (m *Manager) session(id string) (*residentSession, error) {
	m.mu.Lock()
	s := m.sessions[id]
	m.mu.Unlock()
	if s == nil {
		return nil, ErrSessionNotFound
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.sessions[id]; e != nil {
		return e, nil
	}
	return nil, ErrSessionNotFound
}

func (m *Manager) addSession(id string, s *resident) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sessions[id] = s
}

func (m *Manager) removeSession(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.sessions, id)
}

// ReadFile reads a file of a workspace, as FileService says.
func (m *Manager) ReadFile(ctx context.Context, sandboxID, path string) ([]byte, error) {
	s, err := m.find(sandboxID)
	if err != nil {
		return nil, &Error{Op: "read", ID: sandboxID, Path: path, Err: err}
	}
	return s.readFile(ctx, path)
}

// OpenFile opens a file of a workspace, as FileOpener says.
func (m *Manager) OpenFile(ctx context.Context, sandboxID, path string) (io.ReadCloser, error) {
	s, err := m.find(sandboxID)
	if err != nil {
		return nil, &Error{Op: "read", ID: sandboxID, Path: path, Err: err}
	}
	return s.openFile(ctx, path)
}

// WriteFile writes a file of a workspace, as FileService says.
func (m *Manager) WriteFile(ctx context.Context, sandboxID, path string, data []byte) error {
	s, err := m.find(sandboxID)
	if err != nil {
		return &Error{Op: "write", ID: sandboxID, Path: path, Err: err}
	}
	return s.writeFile(ctx, path, data)
}

// ListWorkspace lists a directory of a workspace, as FileService says.
func (m *Manager) ListWorkspace(ctx context.Context, sandboxID, path string, recursive bool) ([]FileInfo, error) {
	s, err := m.find(sandboxID)
	if err != nil {
		return nil, &Error{Op: "list", ID: sandboxID, Path: path, Err: err}
	}
	return s.listFiles(ctx, path, recursive)
}

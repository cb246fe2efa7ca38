// SPDX-License-Identifier: MIT

package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"syscall"
	"time"

	"github.com/sandbox-rls/sandbox/internal/engine"
	"github.com/sandbox-rls/sandbox/runtime"
)

// defaultShells are tried in this order.
var defaultShells = []string{"/bin/bash", "/bin/sh"}

// maxClosed is how many closed sessions a sandbox remembers.
const maxClosed = 64

// Session opens a session: a shell that goes on from one command to the next.
// It ends with the sandbox. A shell that is not there, or is none, is ErrInvalid.
func (s *Sandbox) Session(ctx context.Context, opts ...SessionOption) (*Session, error) {
	var o sessionOptions
	for _, opt := range opts {
		opt(&o)
	}
	fail := func(err error) (*Session, error) { return nil, s.fail("open session", "", s.ended(err)) }
	box, err := s.running()
	if err != nil {
		return fail(err)
	}
	shells := []string{o.shell}
	if o.shell == "" {
		shells = defaultShells
	}
	for _, path := range shells {
		req := ExecRequest{Argv: []string{path, scriptPath}, Env: o.env, Dir: o.dir}
		if err := req.Validate(); err != nil {
			return fail(err)
		}
		session, err := s.openSession(ctx, box, req)
		if err == nil {
			return session, nil
		}
		var start *runtime.StartError
		switch notThere := errors.As(err, &start) && start.Step == "exec" && errors.Is(err, syscall.ENOENT); {
		case notThere && o.shell == "" && path != shells[len(shells)-1]:
			continue
		case notThere:
			return fail(fmt.Errorf("%w: no shell %s in the sandbox", ErrInvalid, path))
		case errors.As(err, &start) && start.Step == "exec":
			return fail(because(ErrInvalid, fmt.Errorf("shell %s: %w", path, err)))
		case errors.As(err, &start) && start.Step == "chdir":
			return fail(fmt.Errorf("working directory: %w", err))
		}
		return fail(fmt.Errorf("shell %s: %w", path, err))
	}
	return fail(ErrInvalid) // not reached: there is at least one shell
}

func (s *Sandbox) openSession(ctx context.Context, box *engine.Box, req ExecRequest) (*Session, error) {
	id, err := newID("ses")
	if err != nil {
		return nil, err
	}
	sh, theirs, err := newShell(box, s.runtime.Owner(), s.options.outputCap)
	if err != nil {
		return nil, err
	}
	env := append(environment(req.Env, false), sessionVar+"=start")
	if err := sh.start(ctx, runtime.Command{Argv: req.Argv, Env: env, Dir: commandDir(req.Dir)}, theirs); err != nil {
		return nil, err
	}
	session := &Session{sandbox: s, shell: sh, turn: make(chan struct{}, 1), info: SessionInfo{
		ID: id, SandboxID: s.info.ID, Shell: req.Argv[0], Status: SessionActive, Created: time.Now(),
	}}
	s.mu.Lock()
	if s.sessions == nil {
		s.sessions = map[string]*Session{}
	}
	s.sessions[id] = session
	s.mu.Unlock()
	go session.noteEnd()
	return session, nil
}

// noteEnd waits for the shell's end.
func (s *Session) noteEnd() {
	<-s.shell.gone
	s.close()
	s.sandbox.forgetSessions()
}

// close notes that the shell has ended.
func (s *Session) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.info.Status == SessionActive {
		s.info.Status, s.info.Closed, s.info.ExitCode = SessionClosed, time.Now(), s.shell.exit.ExitCode
	}
}

// forgetSessions drops the sessions that were closed first, if there are many.
func (s *Sandbox) forgetSessions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	closed := slices.DeleteFunc(slices.Collect(maps.Values(s.sessions)), func(e *Session) bool { return e.Info().Status == SessionActive })
	slices.SortFunc(closed, func(a, b *Session) int { return a.Info().Closed.Compare(b.Info().Closed) })
	for i := range len(closed) - maxClosed {
		delete(s.sessions, closed[i].info.ID)
	}
}

// ListSessions lists the sessions of the sandbox, the oldest first: those that
// are open, and the last few that were closed.
func (s *Sandbox) ListSessions() []SessionInfo {
	s.mu.Lock()
	all := slices.Collect(maps.Values(s.sessions))
	s.mu.Unlock()
	infos := make([]SessionInfo, 0, len(all))
	for _, e := range all {
		infos = append(infos, e.Info())
	}
	slices.SortFunc(infos, func(a, b SessionInfo) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return infos
}

// ConnectSession returns a session by its id. One that is not known is
// ErrSessionNotFound.
func (s *Sandbox) ConnectSession(id string) (*Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.sessions[id]; e != nil {
		return e, nil
	}
	return nil, &Error{Op: "find session", ID: id, Err: ErrSessionNotFound}
}

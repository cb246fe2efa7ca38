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

// openSession opens a session with the shell that was asked for, or the first
// of the default ones that is there.
func (s *resident) openSession(ctx context.Context, req CreateSessionRequest) (*residentSession, error) {
	fail := func(err error) (*residentSession, error) { return nil, s.fail("open session", "", ended(err)) }
	box, err := s.enter(ctx)
	if err != nil {
		return fail(err)
	}
	shells := []string{req.Shell}
	if req.Shell == "" {
		shells = defaultShells
	}
	for i, path := range shells {
		var session *residentSession
		if session, err = s.tryShell(ctx, box, path, req); err == nil {
			return session, nil // which has entered now
		}
		if req.Shell != "" || i == len(shells)-1 || !notThere(err) {
			err = shellError(path, err)
			break
		}
	}
	s.leave()
	return fail(err)
}

// notThere reports whether there is no such shell in the sandbox.
func notThere(err error) bool {
	var start *runtime.StartError
	return errors.As(err, &start) && start.Step == "exec" && errors.Is(err, syscall.ENOENT)
}

// shellError says of which shell an error is.
func shellError(path string, err error) error {
	var start *runtime.StartError
	switch {
	case notThere(err):
		return fmt.Errorf("%w: no shell %s in the sandbox", ErrInvalid, path)
	case errors.As(err, &start) && start.Step == "chdir":
		return fmt.Errorf("working directory: %w", err)
	case errors.As(err, &start) && start.Step == "exec":
		return because(ErrInvalid, fmt.Errorf("shell %s: %w", path, err))
	case errors.Is(err, ErrInvalid):
		return err
	}
	return fmt.Errorf("shell %s: %w", path, err)
}

// tryShell opens a session with one shell.
func (s *resident) tryShell(ctx context.Context, box *engine.Box, path string, o CreateSessionRequest) (*residentSession, error) {
	req := ExecRequest{Argv: []string{path, scriptPath}, Env: o.Env, Dir: o.Dir}
	if err := req.Validate(); err != nil {
		return nil, err
	}
	id, err := newID("ses")
	if err != nil {
		return nil, err
	}
	sh, theirs, err := newShell(box, box.User(), s.outputLimit())
	if err != nil {
		return nil, err
	}
	env := append(environment(box.Environ(), req.Env, false), sessionVar+"=start")
	if err := sh.start(ctx, runtime.Command{Argv: req.Argv, Env: env, Dir: commandDir(req.Dir)}, theirs); err != nil {
		return nil, err
	}
	session := &residentSession{sandbox: s, box: box, shell: sh, turn: make(chan struct{}, 1), left: make(chan struct{}), info: SessionInfo{
		ID: id, SandboxID: s.id, Shell: path, Status: SessionActive, Created: time.Now(),
	}}
	s.mu.Lock()
	s.sessions[id] = session
	s.mu.Unlock()
	s.manager.addSession(id, s)
	go session.noteEnd()
	return session, nil
}

// forgetSessions drops the sessions that were closed first, if there are many.
func (s *resident) forgetSessions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	closed := slices.DeleteFunc(slices.Collect(maps.Values(s.sessions)), func(e *residentSession) bool { return e.describe().Status == SessionActive })
	slices.SortFunc(closed, func(a, b *residentSession) int { return a.describe().Closed.Compare(b.describe().Closed) })
	for i := range len(closed) - maxClosed {
		delete(s.sessions, closed[i].info.ID)
		s.manager.removeSession(closed[i].info.ID)
	}
}

// listSessions lists the sessions, the oldest first.
func (s *resident) listSessions() []SessionInfo {
	s.mu.Lock()
	all := slices.Collect(maps.Values(s.sessions))
	s.mu.Unlock()
	infos := make([]SessionInfo, 0, len(all))
	for _, e := range all {
		infos = append(infos, e.describe())
	}
	slices.SortFunc(infos, func(a, b SessionInfo) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return infos
}

// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"iter"
	"maps"
	"strings"
	"time"
)

// SessionStatus is the state of a session.
type SessionStatus string

// The states.
const (
	SessionActive SessionStatus = "active"
	SessionClosed SessionStatus = "closed" // its shell has ended
)

// SessionInfo describes a session.
type SessionInfo struct {
	ID        string        `json:"id"`
	SandboxID string        `json:"sandbox_id"`
	Shell     string        `json:"shell"`
	Status    SessionStatus `json:"status"`
	Created   time.Time     `json:"created"`
	Closed    time.Time     `json:"closed,omitzero"`
	// ExitCode is that of the shell, once it has ended.
	ExitCode int `json:"exit_code"`
}

// Session is a shell that goes on from one command to the next, with its
// working directory, its variables and functions, and its background jobs.
// Standard input is empty for all commands. It is a handle, as Sandbox is. All
// methods may be called concurrently; commands run one after the other, in the
// order in which they came.
//
// The shell is the user's own. "exit 3", or a failure under "set -e", ends it,
// and the session with it: the result has that exit code, and SessionEnded is
// set. Descriptor 8 and the trap of SIGPWR are the session's: a command that
// takes them away cannot be interrupted, or ends it.
type Session struct {
	service Service
	info    SessionInfo // as it was at first
}

// SessionOption is a choice made when a session is opened.
type SessionOption func(*CreateSessionRequest)

// WithShell names the shell: any that follows POSIX, by its path in the
// sandbox or by a name looked up in PATH. Default: /bin/bash, or /bin/sh where
// there is none.
func WithShell(shell string) SessionOption { return func(r *CreateSessionRequest) { r.Shell = shell } }

// WithSessionEnv adds to the shell's environment.
func WithSessionEnv(env map[string]string) SessionOption {
	return func(r *CreateSessionRequest) {
		r.Env = maps.Clone(r.Env)
		if r.Env == nil {
			r.Env = map[string]string{}
		}
		maps.Copy(r.Env, env)
	}
}

// WithSessionDir sets the directory in which the shell begins. Default: the workspace.
func WithSessionDir(dir string) SessionOption { return func(r *CreateSessionRequest) { r.Dir = dir } }

// ConnectSession returns a session by its id, whichever its sandbox. One that is
// not known is ErrSessionNotFound. Of the options WithService applies.
func ConnectSession(ctx context.Context, id string, opts ...Option) (*Session, error) {
	o := collect(opts)
	svc, err := o.find()
	if err != nil {
		return nil, err
	}
	info, err := svc.GetSession(ctx, id)
	if err != nil {
		return nil, err
	}
	return &Session{service: svc, info: *info}, nil
}

// Exec runs a command, of any number of lines, and waits for it. Of the
// options WithTimeout and WithCheck apply; a session's environment, directory
// and input are its own, and asking for others is ErrInvalid. Without
// WithTimeout it is DefaultTimeout, which begins with the command, not while it
// waits for another.
//
// At the timeout, as at the end of ctx, the command is interrupted: it is ended
// with all that it started, and nothing that follows in it is run. The shell
// and earlier background jobs live on. The error is ErrCommandTimeout, or ctx's;
// the result holds what was printed. bash forgets its list of jobs then, and
// dash any variable that was being set. A shell that cannot be interrupted is
// ended, and the session with it.
//
// What background jobs print is part of the result of whichever command runs
// or comes next. CPU times and memory are not measured for a single command of
// a session, and are zero.
func (s *Session) Exec(ctx context.Context, command string, opts ...RunOption) (*ExecResult, error) {
	req, check, err := s.request(command, opts)
	if err != nil {
		return nil, err
	}
	r, err := s.service.SessionExec(ctx, s.info.ID, req)
	if err == nil && check && r.ExitCode != 0 {
		return r, s.fail("exec", &CommandError{Result: r})
	}
	return r, err
}

// ExecStream runs a command as Exec does and yields what it prints, as
// Sandbox.ExecStream does. Breaking off the loop interrupts the command.
func (s *Session) ExecStream(ctx context.Context, command string, opts ...RunOption) iter.Seq2[ExecOutput, error] {
	req, _, err := s.request(command, opts)
	if err != nil {
		return func(yield func(ExecOutput, error) bool) { yield(ExecOutput{}, err) }
	}
	return s.service.SessionExecStream(ctx, s.info.ID, req)
}

// request is what the options make of a command.
func (s *Session) request(command string, opts []RunOption) (req SessionExecRequest, check bool, err error) {
	o := runOptions{req: ExecRequest{Timeout: DefaultTimeout}}
	for _, opt := range opts {
		opt(&o)
	}
	if o.req.Env != nil || o.req.Dir != "" || o.req.Stdin != nil {
		return req, false, s.fail("exec", invalidf("a session has its own environment, directory and input: use export, cd and < in the command"))
	}
	req = SessionExecRequest{Command: command, Timeout: o.req.Timeout}
	if err := req.Validate(); err != nil {
		return req, false, s.fail("exec", err)
	}
	return req, o.check, nil
}

// Validate reports what makes no sense in a request, as ErrInvalid.
func (r *SessionExecRequest) Validate() error {
	if strings.ContainsRune(r.Command, 0) {
		return invalidf("a NUL byte in the command")
	}
	if r.Timeout < 0 {
		return invalidf("the timeout is negative")
	}
	return nil
}

// ID identifies the session.
func (s *Session) ID() string { return s.info.ID }

// Info describes the session as it is now.
func (s *Session) Info(ctx context.Context) (*SessionInfo, error) {
	return s.service.GetSession(ctx, s.info.ID)
}

// Close ends the shell, with all that it has started, and returns when none is
// left. Closing again does nothing.
func (s *Session) Close() error {
	if err := s.service.DestroySession(context.Background(), s.info.ID); err != nil && !isGone(err) {
		return err
	}
	return nil
}

func (s *Session) fail(op string, err error) error {
	return &Error{Op: "session " + op, ID: s.info.ID, Err: err}
}

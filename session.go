// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"iter"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/sandbox-rls/sandbox/runtime"
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
// Standard input is empty for all commands. All methods may be called
// concurrently; commands run one after the other, in the order in which they came.
//
// The shell is the user's own. "exit 3", or a failure under "set -e", ends it,
// and the session with it: the result has that exit code, and SessionEnded is
// set. Descriptor 8 and the trap of SIGPWR are the session's: a command that
// takes them away cannot be interrupted, or ends it.
type Session struct {
	sandbox *Sandbox
	shell   *shell
	turn    chan struct{} // holds something while a command runs

	mu   sync.Mutex
	info SessionInfo
	last int // status of the command before
}

// SessionOption is a choice made when a session is opened.
type SessionOption func(*sessionOptions)

type sessionOptions struct {
	shell string
	env   map[string]string
	dir   string
}

// WithShell names the shell: any that follows POSIX, by its path in the
// sandbox or by a name looked up in PATH. Default: /bin/bash, or /bin/sh where
// there is none.
func WithShell(shell string) SessionOption { return func(o *sessionOptions) { o.shell = shell } }

// WithSessionEnv adds to the shell's environment.
func WithSessionEnv(env map[string]string) SessionOption {
	return func(o *sessionOptions) {
		o.env = maps.Clone(o.env)
		if o.env == nil {
			o.env = map[string]string{}
		}
		maps.Copy(o.env, env)
	}
}

// WithSessionDir sets the directory in which the shell begins. Default: the workspace.
func WithSessionDir(dir string) SessionOption { return func(o *sessionOptions) { o.dir = dir } }

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
	o, err := s.options(command, opts)
	if err != nil {
		return nil, err
	}
	limit := s.sandbox.options.outputCap
	stdout, stderr := capture{limit: limit}, capture{limit: limit}
	r, err := s.exec(ctx, o.req, sinks{stdout.keep, stderr.keep})
	if r != nil {
		r.Stdout, r.StdoutTruncated = string(stdout.data), r.StdoutTruncated || stdout.truncated
		r.Stderr, r.StderrTruncated = string(stderr.data), r.StderrTruncated || stderr.truncated
	}
	if err == nil && o.check && r.ExitCode != 0 {
		return r, s.fail("exec", &CommandError{Result: r})
	}
	return r, err
}

// ExecStream runs a command as Exec does and yields what it prints, as
// Sandbox.ExecStream does. Breaking off the loop interrupts the command.
func (s *Session) ExecStream(ctx context.Context, command string, opts ...RunOption) iter.Seq2[ExecOutput, error] {
	return func(yield func(ExecOutput, error) bool) {
		o, err := s.options(command, opts)
		if err != nil {
			yield(ExecOutput{}, err)
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		out, done := newOutlet(), make(chan struct{})
		var result *ExecResult
		go func() {
			defer close(done)
			result, err = s.exec(ctx, o.req, sinks{out.sink(Stdout), out.sink(Stderr)})
		}()
		defer func() {
			cancel()
			out.leave()
			<-done
		}()
		if out.pass(done, func(o ExecOutput) bool { return yield(o, nil) }) {
			yield(ExecOutput{Result: result}, err)
		}
	}
}

func (s *Session) options(command string, opts []RunOption) (runOptions, error) {
	o := runOptions{req: ExecRequest{Command: command, Timeout: DefaultTimeout}}
	for _, opt := range opts {
		opt(&o)
	}
	switch {
	case strings.ContainsRune(command, 0):
		return o, s.fail("exec", invalidf("a NUL byte in the command"))
	case o.req.Timeout < 0:
		return o, s.fail("exec", invalidf("the timeout is negative"))
	case o.req.Env != nil, o.req.Dir != "", o.req.Stdin != nil:
		return o, s.fail("exec", invalidf("a session has its own environment, directory and input: use export, cd and < in the command"))
	}
	return o, nil
}

// exec runs a command when its turn has come.
func (s *Session) exec(ctx context.Context, req ExecRequest, to sinks) (*ExecResult, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, s.fail("exec", ctx.Err())
	}
	r := &ExecResult{Command: req.Command}
	began, account := time.Now(), s.shell.box.Account()
	err := s.shell.run(ctx, req, s.last, to, r)
	r.Duration = time.Since(began)
	r.OOMKilled, r.PidsLimited = account.End(runtime.Status{ExitCode: r.ExitCode}, r.TimedOut || ctx.Err() != nil)
	if r.SessionEnded {
		s.close()
	}
	if r.ExitCode < 0 {
		return nil, s.fail("exec", s.sandbox.ended(err)) // it was never run
	}
	s.last = r.ExitCode
	if err != nil {
		return r, s.fail("exec", s.sandbox.ended(err))
	}
	return r, nil
}

// ID identifies the session within its sandbox.
func (s *Session) ID() string { return s.info.ID }

// Info describes the session as it is now.
func (s *Session) Info() SessionInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.info
}

// Close ends the shell, with all that it has started, and returns when none is
// left. Closing again does nothing.
func (s *Session) Close() error {
	s.shell.close()
	s.close()
	return nil
}

func (s *Session) fail(op string, err error) error {
	return &Error{Op: "session " + op, ID: s.info.ID, Err: err}
}

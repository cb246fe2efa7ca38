// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/sandbox-rls/sandbox/internal/engine"
	"github.com/sandbox-rls/sandbox/runtime"
)

// residentSession is a session of a resident sandbox.
type residentSession struct {
	sandbox *resident
	box     *engine.Box // held until the shell has ended
	shell   *shell
	turn    chan struct{} // holds something while a command runs
	left    chan struct{} // closed when the shell has ended, and the box has been left

	mu   sync.Mutex
	info SessionInfo
	last int // status of the command before
}

func (s *residentSession) execAll(ctx context.Context, req SessionExecRequest) (*ExecResult, error) {
	if err := req.Validate(); err != nil {
		return nil, s.fail("exec", err)
	}
	limit := s.sandbox.outputLimit()
	stdout, stderr := capture{limit: limit}, capture{limit: limit}
	r, err := s.exec(ctx, req, sinks{stdout.keep, stderr.keep})
	if r != nil {
		r.Stdout, r.StdoutTruncated = string(stdout.data), r.StdoutTruncated || stdout.truncated
		r.Stderr, r.StderrTruncated = string(stderr.data), r.StderrTruncated || stderr.truncated
	}
	return r, err
}

func (s *residentSession) stream(ctx context.Context, req SessionExecRequest) iter.Seq2[ExecOutput, error] {
	return func(yield func(ExecOutput, error) bool) {
		if err := req.Validate(); err != nil {
			yield(ExecOutput{}, s.fail("exec", err))
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		out, done := newOutlet(), make(chan struct{})
		var result *ExecResult
		var err error
		go func() {
			defer close(done)
			result, err = s.exec(ctx, req, sinks{out.sink(Stdout), out.sink(Stderr)})
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

// exec runs a command when its turn has come.
func (s *residentSession) exec(ctx context.Context, req SessionExecRequest, to sinks) (*ExecResult, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, s.fail("exec", ctx.Err())
	}
	s.sandbox.touch()
	defer s.sandbox.touch()
	r := &ExecResult{Command: req.Command}
	began, account := time.Now(), s.box.Account()
	err := s.shell.run(ctx, req, s.last, to, r)
	r.Duration = time.Since(began)
	r.OOMKilled, r.PidsLimited = account.End(runtime.Status{ExitCode: r.ExitCode}, r.TimedOut || ctx.Err() != nil)
	if r.SessionEnded {
		s.close()
	}
	if r.ExitCode < 0 {
		return nil, s.fail("exec", ended(err)) // it was never run
	}
	s.last = r.ExitCode
	if err != nil {
		return r, s.fail("exec", ended(err))
	}
	return r, nil
}

// describe describes the session as it is now.
func (s *residentSession) describe() SessionInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.info
}

// end ends the shell, with all that it has started, and returns when none is left.
func (s *residentSession) end() {
	s.shell.close()
	<-s.left
}

// noteEnd waits for the shell's end.
func (s *residentSession) noteEnd() {
	<-s.shell.gone
	s.close()
	s.sandbox.leave()
	close(s.left)
	s.sandbox.forgetSessions()
}

// close notes that the shell has ended.
func (s *residentSession) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.info.Status == SessionActive {
		s.info.Status, s.info.Closed, s.info.ExitCode = SessionClosed, time.Now(), s.shell.exit.ExitCode
	}
}

func (s *residentSession) fail(op string, err error) error {
	return &Error{Op: "session " + op, ID: s.info.ID, Err: err}
}

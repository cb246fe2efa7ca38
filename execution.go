// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/sandbox-rls/sandbox/internal/engine"
	"github.com/sandbox-rls/sandbox/runtime"
)

// execution is a command as it runs.
type execution struct {
	sandbox  *resident
	box      *engine.Box
	request  ExecRequest
	proc     runtime.Process
	exchange *exchange
	account  *engine.Account // of what limits do meanwhile
	began    time.Time
	result   *ExecResult
}

// launch starts a command. What it prints goes to the receiver. The caller must
// have it finished.
func (s *resident) launch(ctx context.Context, req ExecRequest, to receiver) (*execution, error) {
	if err := req.Validate(); err != nil {
		return nil, s.fail("exec", "", err)
	}
	box, err := s.enter(ctx)
	if err != nil {
		return nil, s.fail("exec", "", err)
	}
	e := &execution{sandbox: s, box: box, request: req, result: &ExecResult{Command: req.Command}}
	argv := req.Argv
	if len(argv) == 0 {
		argv = []string{"/bin/sh", "-c", req.Command}
	} else {
		e.result.Command = strings.Join(argv, " ")
	}
	if req.TTY {
		e.exchange, err = newTerminal(req.Stdin, box.Door(), req.Size, to)
	} else {
		e.exchange, err = newExchange(req.Stdin, box.User(), to)
	}
	if err != nil {
		s.leave()
		return nil, s.fail("exec", "", err)
	}
	e.began = time.Now()
	x := e.exchange
	box.Started()
	e.account = box.Account()
	e.proc, err = box.Start(runtime.Command{
		Argv: argv, Env: environment(box.Environ(), req.Env, req.TTY), Dir: commandDir(req.Dir),
		Stdin: x.stdin, Stdout: x.stdout, Stderr: x.stderr, TTY: req.TTY,
	})
	if err != nil {
		x.close()
		e.account.End(runtime.Status{}, true)
		box.Ended()
		s.leave()
		return nil, s.fail("exec", "", tooLarge(ended(err)))
	}
	x.begin()
	return e, nil
}

// finish waits for the command, and ends it when its time is up or ctx has
// ended. All that it printed has then been handed on.
func (e *execution) finish(ctx context.Context) (*ExecResult, error) {
	defer e.sandbox.leave()
	defer e.box.Ended()
	status, killed, err := e.wait(ctx)
	e.exchange.finish()
	e.result.Duration = time.Since(e.began)
	fill(e.result, status)
	e.result.OOMKilled, e.result.PidsLimited = e.account.End(ending(status, err), killed)
	var start *runtime.StartError
	if errors.As(err, &start) {
		return e.sandbox.notStarted(e.result, start)
	}
	if err != nil {
		return e.result, e.sandbox.fail("exec", "", ended(e.box.Why(outOfMemory(err, e.result.OOMKilled))))
	}
	return e.result, nil
}

// ending is how a command ended to those who wonder why: one that never ran has
// failed, and one whose init is gone was killed.
func ending(st runtime.Status, err error) runtime.Status {
	var start *runtime.StartError
	switch {
	case errors.As(err, &start):
		st.ExitCode = 126
	case errors.Is(err, runtime.ErrEnded):
		st.Signal = int(syscall.SIGKILL)
	}
	return st
}

// wait waits for a command, and ends it when its time is up. killed says that
// it was ended.
func (e *execution) wait(ctx context.Context) (status runtime.Status, killed bool, err error) {
	p, timeout := e.proc, e.request.Timeout
	limited, cancel := withTimeout(ctx, timeout)
	defer cancel()
	status, err = p.Wait(limited)
	if err == nil || limited.Err() == nil {
		return status, false, err
	}
	if err := p.Signal(syscall.SIGKILL); err != nil {
		return status, true, err
	}
	status, err = p.Wait(context.Background())
	if err != nil {
		return status, true, err
	}
	if context.Cause(limited) == ErrCommandTimeout {
		e.result.TimedOut = true
		return status, true, timedOut(timeout)
	}
	return status, true, ctx.Err()
}

// withTimeout bounds a context: its cause is then ErrCommandTimeout. 0: no bound.
func withTimeout(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if timeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, timeout, ErrCommandTimeout)
}

func timedOut(after time.Duration) error { return fmt.Errorf("%w after %v", ErrCommandTimeout, after) }

// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"io"
	"maps"
	"time"
)

// RunOption is a choice made for one command of Run.
type RunOption func(*runOptions)

type runOptions struct {
	req   ExecRequest
	check bool
}

// WithTimeout sets how long the command may run. Default DefaultTimeout; 0: for ever.
func WithTimeout(d time.Duration) RunOption { return func(o *runOptions) { o.req.Timeout = d } }

// WithEnv adds to the environment.
func WithEnv(env map[string]string) RunOption {
	return func(o *runOptions) {
		o.req.Env = maps.Clone(o.req.Env)
		if o.req.Env == nil {
			o.req.Env = map[string]string{}
		}
		maps.Copy(o.req.Env, env)
	}
}

// WithDir sets the working directory.
func WithDir(dir string) RunOption { return func(o *runOptions) { o.req.Dir = dir } }

// WithStdin gives the command something to read.
func WithStdin(r io.Reader) RunOption { return func(o *runOptions) { o.req.Stdin = r } }

// WithCheck makes a non-zero exit an error, *CommandError.
func WithCheck() RunOption { return func(o *runOptions) { o.check = true } }

// Run runs a command line with /bin/sh in the workspace and waits for it. A
// non-zero exit is a result, not an error, unless WithCheck is given. Processes
// that the command leaves behind are ended with it.
//
// When it runs for too long (WithTimeout) the error is ErrCommandTimeout, and
// the result holds what it printed until then. When ctx ends, the command is
// ended too, and the error is ctx's.
func (s *Sandbox) Run(ctx context.Context, command string, opts ...RunOption) (*ExecResult, error) {
	o := runOptions{req: ExecRequest{Command: command, Timeout: DefaultTimeout}}
	for _, opt := range opts {
		opt(&o)
	}
	r, err := s.Exec(ctx, o.req)
	if err == nil && o.check && r.ExitCode != 0 {
		return r, s.fail("run", "", &CommandError{Result: r})
	}
	return r, err
}

// exec runs a command and waits for it.
func (s *resident) exec(ctx context.Context, req ExecRequest) (*ExecResult, error) {
	limit := s.outputLimit()
	stdout, stderr := capture{limit: limit}, capture{limit: limit}
	e, err := s.launch(ctx, req, receiver{sinks: sinks{stdout.keep, stderr.keep}})
	if err != nil {
		return nil, err
	}
	r, err := e.finish(ctx)
	if r != nil {
		r.Stdout, r.StdoutTruncated = string(stdout.data), stdout.truncated
		r.Stderr, r.StderrTruncated = r.Stderr+string(stderr.data), stderr.truncated
	}
	return r, err
}

// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sandbox-rls/sandbox"
)

// job is a command that runs in a sandbox.
type job struct {
	app            *app
	sandbox        *sandbox.Sandbox
	relay          *relay
	request        sandbox.ExecRequest
	stdout, stderr io.Writer
}

// inSandbox makes a sandbox of a directory, has something done in it, and
// destroys it. What a signal ends that no command gets, ends with its number.
func (a *app) inSandbox(ctx context.Context, dir string, opts []sandbox.Option, do func(ctx context.Context, sb *sandbox.Sandbox, r *relay) error) error {
	r, ctx := relaySignals(ctx)
	quiet := a.patience("copying " + oneLine(dir))
	sb, err := sandbox.FromLocal(ctx, dir, opts...)
	quiet()
	if err == nil {
		defer sb.Close()
		err = do(ctx, sb, r)
	}
	return unlessSignalled(ctx, err)
}

// unlessSignalled is an error, or, when it comes of a signal, that.
func unlessSignalled(ctx context.Context, err error) error {
	var sig signalled
	if errors.Is(err, context.Canceled) && errors.As(context.Cause(ctx), &sig) {
		return exitStatus(exitSignal + int(sig.Signal))
	}
	return err
}

// patience tells a person who waits what for, after a second.
func (a *app) patience(what string) (quiet func()) {
	if !isTerminal(a.stderr) {
		return func() {}
	}
	t := time.AfterFunc(time.Second, func() { fmt.Fprintf(a.stderr, "sandbox: %s\n", what) })
	return func() { t.Stop() }
}

// run runs the command, with its output passed on as it comes. A command that
// ended in any way is no error.
func (j *job) run(ctx context.Context) (*sandbox.ExecResult, error) {
	c, err := j.sandbox.StartCommand(ctx, j.request)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	j.relay.attach(c, j.request.TTY)
	defer j.relay.attach(nil, false)
	if j.request.TTY {
		defer j.app.followSize(c)()
	}
	var result *sandbox.ExecResult
	for out, err := range c.Output() {
		if out.Result != nil {
			result = out.Result
		}
		if err != nil {
			return result, err
		}
		w := j.stdout
		if out.Stream == sandbox.Stderr {
			w = j.stderr
		}
		if len(out.Data) == 0 {
			continue
		}
		if _, err := w.Write(out.Data); err != nil {
			return nil, fmt.Errorf("passing on output: %w", err)
		}
	}
	return result, nil
}

// ended turns the end of a command into that of this program, with words where
// it did not end by itself.
func (a *app) ended(r *sandbox.ExecResult, err error, argv []string) error {
	switch {
	case errors.Is(err, sandbox.ErrCommandTimeout):
		var e *sandbox.Error
		if errors.As(err, &e) {
			err = e.Err
		}
		fmt.Fprintln(a.stderr, "sandbox: "+oneLine(err.Error()))
		return exitStatus(exitTimedOut)
	case err != nil:
		return err
	case r.OOMKilled:
		fmt.Fprintln(a.stderr, "sandbox: the limit of memory was reached")
	case r.PidsLimited:
		fmt.Fprintln(a.stderr, "sandbox: the limit of processes was reached")
	case r.ExitCode == 127 && len(argv) == 1 && strings.ContainsAny(argv[0], " |&;<>"):
		fmt.Fprintln(a.stderr, "sandbox: a command line is for a shell to read: write -- sh -c '...'")
	}
	if r.ExitCode != 0 {
		return exitStatus(r.ExitCode)
	}
	return nil
}

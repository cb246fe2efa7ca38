// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/sandbox-rls/sandbox/runtime"
)

// DefaultTimeout is how long Run lets a command run unless it is told otherwise.
const DefaultTimeout = 60 * time.Second

// maxCommand is the longest command line: the kernel takes no argument of more
// than 128 KiB, its final NUL included (MAX_ARG_STRLEN, execve(2)).
const maxCommand = 128<<10 - 1

// ExecRequest is a command to run.
type ExecRequest struct {
	// Command is a command line for /bin/sh. Argv, if given, is run instead,
	// without a shell.
	Command string   `json:"command,omitempty"`
	Argv    []string `json:"argv,omitempty"`
	// Stdin is read until it ends. Nil: empty.
	Stdin io.Reader `json:"-"`
	// Env adds to the sandbox's own environment: PATH, HOME, LANG, TERM, USER.
	Env map[string]string `json:"env,omitempty"`
	// Dir is the working directory: absolute, or beneath the workspace. Default
	// is the workspace.
	Dir string `json:"dir,omitempty"`
	// Timeout ends the command with all its processes. 0: none.
	Timeout time.Duration `json:"timeout,omitempty"`
}

// Validate reports what makes no sense in a request, as ErrInvalid.
func (r *ExecRequest) Validate() error {
	if (r.Command == "") == (len(r.Argv) == 0) {
		return invalidf("give either a command line or arguments")
	}
	if r.Timeout < 0 {
		return invalidf("the timeout is negative")
	}
	for _, a := range append([]string{r.Command, r.Dir}, r.Argv...) {
		if strings.ContainsRune(a, 0) {
			return invalidf("a NUL byte in the command or its directory")
		}
		if len(a) > maxCommand {
			return fmt.Errorf("%w: an argument of %d bytes: the kernel takes %d at most; write it to a file, or give it on stdin (%w)", ErrInvalid, len(a), maxCommand, syscall.E2BIG)
		}
	}
	for k, v := range r.Env {
		if k == "" || strings.ContainsAny(k, "=\x00") || strings.ContainsRune(v, 0) {
			return invalidf("environment variable %q", k)
		}
	}
	return nil
}

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

// ExecResult is how a command ended and what it printed.
type ExecResult struct {
	Command string `json:"command"`
	// Stdout and Stderr are bytes, valid UTF-8 or not.
	Stdout string `json:"stdout"`
	Stderr string `json:"stderr"`
	// ExitCode is the command's; 128 + the number of the signal that ended it;
	// 127 when it was not found, 126 when it could not be executed.
	ExitCode int `json:"exit_code"`
	// Signal is the name of the signal that ended it, "" if none did.
	Signal     string        `json:"signal,omitempty"`
	Duration   time.Duration `json:"duration"`
	UserTime   time.Duration `json:"user_time"`
	SystemTime time.Duration `json:"system_time"`
	// PeakMemory is the largest resident set of any one of its processes, in bytes.
	PeakMemory int64 `json:"peak_memory"`
	// TimedOut says that it was ended for running too long.
	TimedOut bool `json:"timed_out,omitempty"`
	// StdoutTruncated and StderrTruncated say that there was more than is kept.
	StdoutTruncated bool `json:"stdout_truncated,omitempty"`
	StderrTruncated bool `json:"stderr_truncated,omitempty"`
}

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

// Exec runs a command and waits for it, as Run does, but for as long as it takes.
func (s *Sandbox) Exec(ctx context.Context, req ExecRequest) (*ExecResult, error) {
	if err := req.Validate(); err != nil {
		return nil, s.fail("exec", "", err)
	}
	box, err := s.running()
	if err != nil {
		return nil, s.fail("exec", "", err)
	}
	argv := req.Argv
	result := &ExecResult{Command: strings.Join(argv, " ")}
	if len(argv) == 0 {
		argv = []string{"/bin/sh", "-c", req.Command}
		result.Command = req.Command
	}
	x, err := newExchange(req.Stdin, s.runtime.Owner(), s.options.outputCap)
	if err != nil {
		return nil, s.fail("exec", "", err)
	}
	defer x.close()
	began := time.Now()
	dir := commandDir(req.Dir)
	box.Started()
	defer box.Ended()
	proc, err := box.Start(runtime.Command{
		Argv: argv, Env: environment(req.Env), Dir: dir,
		Stdin: x.stdin, Stdout: x.stdout, Stderr: x.stderr,
	})
	if err != nil {
		return nil, s.fail("exec", "", tooLarge(s.ended(err)))
	}
	x.begin()
	status, err := s.wait(ctx, proc, req.Timeout, result)
	x.finish(result)
	result.Duration = time.Since(began)
	fill(result, status)
	var start *runtime.StartError
	if errors.As(err, &start) {
		return s.notStarted(result, start)
	}
	if err != nil {
		return result, s.fail("exec", "", s.ended(err))
	}
	return result, nil
}

// wait waits for a command, and ends it when its time is up.
func (s *Sandbox) wait(ctx context.Context, p runtime.Process, timeout time.Duration, r *ExecResult) (runtime.Status, error) {
	limited, cancel := ctx, context.CancelFunc(func() {})
	if timeout > 0 {
		limited, cancel = context.WithTimeoutCause(ctx, timeout, ErrCommandTimeout)
	}
	defer cancel()
	status, err := p.Wait(limited)
	if err == nil || limited.Err() == nil {
		return status, err
	}
	if err := p.Signal(syscall.SIGKILL); err != nil {
		return status, err
	}
	status, err = p.Wait(context.Background())
	if err != nil {
		return status, err
	}
	if context.Cause(limited) == ErrCommandTimeout {
		r.TimedOut = true
		return status, fmt.Errorf("%w after %v", ErrCommandTimeout, timeout)
	}
	return status, ctx.Err()
}

// notStarted is the result of a command that never ran, with the exit codes
// and the words that a shell has for it.
func (s *Sandbox) notStarted(r *ExecResult, e *runtime.StartError) (*ExecResult, error) {
	if e.Step == "chdir" {
		return nil, s.fail("exec", e.Path, fmt.Errorf("working directory: %w", e.Err))
	}
	switch {
	case errors.Is(e.Err, syscall.ENOENT), errors.Is(e.Err, syscall.ENOTDIR):
		r.ExitCode, r.Stderr = 127, fmt.Sprintf("sandbox: %s: not found\n", e.Path)
	case errors.Is(e.Err, syscall.E2BIG):
		return nil, s.fail("exec", "", tooLarge(e.Err))
	case errors.Is(e.Err, syscall.EACCES), errors.Is(e.Err, syscall.ENOEXEC), errors.Is(e.Err, syscall.EPERM), errors.Is(e.Err, syscall.EISDIR):
		r.ExitCode, r.Stderr = 126, fmt.Sprintf("sandbox: %s: %v\n", e.Path, e.Err)
	default:
		return nil, s.fail("exec", e.Path, e.Err)
	}
	return r, nil
}

// tooLarge gives the error of what execve(2) would not take its kind.
func tooLarge(err error) error {
	if errors.Is(err, syscall.E2BIG) {
		return fmt.Errorf("%w: arguments and environment are too large together: %w", ErrInvalid, err)
	}
	return err
}

// ended turns the end of the init into the sandbox's own error.
func (s *Sandbox) ended(err error) error {
	if errors.Is(err, runtime.ErrEnded) {
		return because(ErrSandboxNotRunning, err)
	}
	return err
}

func fill(r *ExecResult, st runtime.Status) {
	r.ExitCode, r.UserTime, r.SystemTime, r.PeakMemory = st.ExitCode, st.User, st.System, st.PeakMemory
	if st.Signal != 0 {
		r.Signal = signalName(st.Signal)
	}
}

// environment is what a command sees: nothing of the caller's own.
func environment(extra map[string]string) []string {
	env := map[string]string{
		"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME": runtime.Home,
		"USER": runtime.UserName,
		"LANG": "C.UTF-8",
		"TERM": "dumb",
	}
	maps.Copy(env, extra)
	list := make([]string, 0, len(env))
	for _, k := range slices.Sorted(maps.Keys(env)) {
		list = append(list, k+"="+env[k])
	}
	return list
}

func commandDir(dir string) string {
	if path.IsAbs(dir) {
		return dir
	}
	return path.Join(Workspace, dir)
}

// workspacePath turns what a caller may write into a path of the workspace:
// "a/b", "/a/b" and "/workspace/a/b" are the same.
func workspacePath(p string) string {
	p = path.Clean("/" + p)
	if rest, ok := strings.CutPrefix(p, Workspace); ok && (rest == "" || rest[0] == '/') {
		p = path.Clean("/" + rest)
	}
	return p
}

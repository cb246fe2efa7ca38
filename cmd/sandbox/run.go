// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"encoding/base64"
	"errors"
	"os"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/sandbox-rls/sandbox"
)

// runFlags are those of run.
type runFlags struct {
	sandboxFlags
	outputFlags
	keepFlags
	keep bool
}

// outputFlags say what is done with what a command prints and changes.
type outputFlags struct {
	json    bool
	changes choice
	tty     choice
}

func (f *outputFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.BoolVar(&f.json, "json", false, "write the result as one JSON object, with output and changes, instead of passing output on")
	f.changes.add(fs, "changes", "", "list on standard error what was changed (default: on a terminal)")
	f.tty.add(fs, "tty", "t", "give the command a terminal (default: when input and output are one)")
}

func (f *outputFlags) check() error {
	if f.json && f.tty.or(false) {
		return usagef("--json and --tty exclude each other")
	}
	return nil
}

func (a *app) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run [flags] DIR -- COMMAND [ARG]...",
		Short: "Run a command in a sandbox of a directory",
		Long: `run runs a command in a sandbox of a directory and exits as the command does.

The command sees the directory at /workspace, under the rules of --preset and
--rule, and the programs and libraries of this machine; no other file, nothing of
your environment, no process but its own, and no network unless --network host
says so. What it changes is kept beside the directory and dropped at the end: see
"sandbox diff" for a patch of it. With --keep the sandbox stays, with what was
changed, for "sandbox exec", "sandbox diff", "sandbox commit" and the others that
take an ID. What the command leaves running ends with it.

Input, output and signals pass through. A second interrupt (Ctrl-C) kills. When
input and output are a terminal the command gets one too.

The exit code is the command's; 128 and the number of the signal that ended it;
127 if it was not found and 126 if it could not be executed; 124 if its time was
up; 125 if there was no sandbox to run it in.`,
		Example: `  sandbox run . -- python3 main.py
  sandbox run . -- sh -c 'grep -rn import . | sort > output/imports.txt'
  sandbox run --preset development --timeout 10m --changes . -- make test
  sandbox run --preset none --rule read:/src/** --rule view:/docs/** . -- ls -lR
  sandbox run --env CI=1 --env LANG --network host ~/project -- npm ci
  sandbox run --keep --name fix --preset development . -- ./agent "fix the tests"
  sandbox run --json . -- wc -l README.md | jq .stdout`,
		Args: func(cmd *cobra.Command, args []string) error {
			_, _, err := split(cmd, args)
			return err
		},
		ValidArgsFunction: directories,
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, argv, err := split(cmd, args)
			if err != nil {
				return err
			}
			if !f.keep {
				if err := refuse(cmd, "is for a sandbox that is kept: add --keep", append(keepNames, "state-dir")...); err != nil {
					return err
				}
			}
			return a.run(cmd.Context(), &f, dir, argv)
		},
	}
	f.sandboxFlags.add(cmd)
	f.outputFlags.add(cmd)
	f.keepFlags.add(cmd)
	a.addStateFlag(cmd)
	cmd.Flags().BoolVar(&f.keep, "keep", false, "keep the sandbox, with what was changed, and say its id on standard error")
	return cmd
}

// refuse refuses flags that make no sense as the command is used.
func refuse(cmd *cobra.Command, why string, flags ...string) error {
	for _, name := range flags {
		if cmd.Flags().Changed(name) {
			return usagef("--%s %s", name, why)
		}
	}
	return nil
}

func (a *app) run(ctx context.Context, f *runFlags, dir string, argv []string) error {
	if err := f.check(); err != nil {
		return err
	}
	opts, req, err := a.prepare(&f.sandboxFlags, argv)
	if err != nil {
		return err
	}
	if f.keep {
		return a.runKept(ctx, f, dir, opts, req)
	}
	return a.inSandbox(ctx, dir, opts, func(ctx context.Context, sb *sandbox.Sandbox, r *relay) error {
		return a.command(ctx, sb, r, &f.outputFlags, req, dropped())
	})
}

// runKept runs a command in a sandbox that stays.
func (a *app) runKept(ctx context.Context, f *runFlags, dir string, opts []sandbox.Option, req sandbox.ExecRequest) error {
	labels, err := f.all()
	if err != nil {
		return err
	}
	return a.inState(ctx, func(ctx context.Context, m *sandbox.Manager, r *relay) error {
		more, err := f.keepFlags.options(ctx, m)
		if err != nil {
			return err
		}
		sb, err := a.make(ctx, m, "", []string{dir}, append(opts, more...))
		if err != nil {
			return err
		}
		name := named{sb.ID(), labels[nameLabel]}
		if !f.json {
			defer a.note("kept as %s", name.full())
		}
		return a.command(ctx, sb, r, &f.outputFlags, req, keptAs(name))
	})
}

// command runs a command in a sandbox that has been started, and says what it
// changed and what becomes of that.
func (a *app) command(ctx context.Context, sb *sandbox.Sandbox, r *relay, f *outputFlags, req sandbox.ExecRequest, to fate) error {
	if f.json {
		return a.runForJSON(ctx, sb, r, req, to)
	}
	j := &job{app: a, sandbox: sb, relay: r, request: req, stdout: a.stdout, stderr: a.stderr}
	restore := func() {}
	if f.tty.or(isTerminal(a.stdin) && isTerminal(a.stdout)) {
		restore = j.atTerminal()
	}
	result, err := j.run(ctx)
	restore()
	if f.changes.or(isTerminal(a.stderr)) {
		if err := a.summarize(ctx, sb, f.changes.given, to); err != nil {
			return err
		}
	}
	return a.ended(result, err, req.Argv)
}

// outcome is what run --json writes.
type outcome struct {
	*sandbox.ExecResult
	// Output that is not UTF-8 is also here, whole.
	Stdout64 string           `json:"stdout_base64,omitempty"`
	Stderr64 string           `json:"stderr_base64,omitempty"`
	Changes  []sandbox.Change `json:"changes"`
	// SandboxID is that of a sandbox that is kept.
	SandboxID string `json:"sandbox_id,omitempty"`
}

// runForJSON runs a command and writes how it went as JSON.
func (a *app) runForJSON(ctx context.Context, sb *sandbox.Sandbox, r *relay, req sandbox.ExecRequest, to fate) error {
	result, err := r.collect(ctx, sb, req)
	if err != nil && (result == nil || !errors.Is(err, sandbox.ErrCommandTimeout)) {
		return err
	}
	changes, failed := sb.Changes(ctx)
	if failed != nil {
		return failed
	}
	out := outcome{ExecResult: result, Changes: append([]sandbox.Change{}, changes...), SandboxID: to.id}
	if !utf8.ValidString(result.Stdout) {
		out.Stdout64 = base64.StdEncoding.EncodeToString([]byte(result.Stdout))
	}
	if !utf8.ValidString(result.Stderr) {
		out.Stderr64 = base64.StdEncoding.EncodeToString([]byte(result.Stderr))
	}
	if err := a.writeJSON(out); err != nil {
		return err
	}
	switch {
	case result.TimedOut:
		return exitStatus(exitTimedOut)
	case result.ExitCode != 0:
		return exitStatus(result.ExitCode)
	}
	return nil
}

// collect runs a command and keeps its output, to the limit that Exec keeps.
func (r *relay) collect(ctx context.Context, sb *sandbox.Sandbox, req sandbox.ExecRequest) (*sandbox.ExecResult, error) {
	c, err := sb.StartCommand(ctx, req)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	r.attach(c, false)
	defer r.attach(nil, false)
	var stdout, stderr capture
	var result *sandbox.ExecResult
	for out, failed := range c.Output() {
		switch out.Stream {
		case sandbox.Stdout:
			stdout.add(out.Data)
		case sandbox.Stderr:
			stderr.add(out.Data)
		}
		result, err = out.Result, failed
	}
	if result != nil {
		result.Stdout, result.StdoutTruncated = string(stdout.data), stdout.truncated
		result.Stderr, result.StderrTruncated = string(stderr.data), stderr.truncated
	}
	return result, err
}

// capture keeps the beginning of what is added.
type capture struct {
	data      []byte
	truncated bool
}

func (c *capture) add(data []byte) {
	if room := sandbox.DefaultOutputLimit - len(c.data); len(data) > room {
		data, c.truncated = data[:room], true
	}
	c.data = append(c.data, data...)
}

// atTerminal gives the command a terminal, as large as the user's, and makes
// the user's pass everything on.
func (j *job) atTerminal() (restore func()) {
	j.request.TTY = true
	j.request.Size = terminalSize(j.app.stdout)
	if term := os.Getenv("TERM"); term != "" && j.request.Env["TERM"] == "" {
		j.request.Env["TERM"] = term
	}
	return makeRaw(j.app.stdin)
}

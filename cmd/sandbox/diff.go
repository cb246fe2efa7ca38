// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/sandbox-rls/sandbox"
)

func (a *app) diffCommand() *cobra.Command {
	var f sandboxFlags
	var opts sandbox.DiffOptions
	cmd := &cobra.Command{
		Use:   "diff [flags] DIR -- COMMAND [ARG]... | ID",
		Short: "Write what was changed as a patch",
		Long: `diff writes what was changed in a sandbox as a patch, which git apply and
patch -p1 take.

With DIR -- COMMAND it runs a command as "sandbox run" does before. The directory
itself is not changed. What the command prints goes to standard error, the patch to
standard output. The exit code is the command's.

With ID, and no --, it is about a sandbox that is kept, and runs nothing.

Binary files, and those larger than --max-file-size, are only said to differ. What
a patch cannot say, such as that a FIFO was made, is in lines that begin with "# ".`,
		Example: `  sandbox diff --preset full-access . -- gofmt -w .
  sandbox diff --preset development . -- ./agent "fix the tests" > agent.patch
  git apply agent.patch
  sandbox diff fix --path src`,
		Args: func(cmd *cobra.Command, args []string) error {
			if ofKept(cmd, args) {
				return nil
			}
			_, _, err := split(cmd, args)
			return err
		},
		ValidArgsFunction: a.directoriesOrIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if opts.Context < 1 || opts.MaxFileSize < 1 {
				return usagef("--unified and --max-file-size must be more than 0")
			}
			if ofKept(cmd, args) {
				if err := refuseMaking(cmd, args[0]); err != nil {
					return err
				}
				if err := refuse(cmd, "is for a command, and there is none", "env", "dir", "timeout"); err != nil {
					return err
				}
				return a.diffOf(cmd.Context(), opts, args[0])
			}
			if err := refuse(cmd, "is for a sandbox that is kept: write "+cmd.CommandPath()+" ID", "state-dir"); err != nil {
				return err
			}
			dir, argv, err := split(cmd, args)
			if err != nil {
				return err
			}
			return a.diff(cmd.Context(), &f, opts, dir, argv)
		},
	}
	f.add(cmd)
	a.addStateFlag(cmd)
	fs := cmd.Flags()
	fs.IntVarP(&opts.Context, "unified", "U", sandbox.DefaultDiffContext, "lines of context around each change")
	fs.Int64Var(&opts.MaxFileSize, "max-file-size", sandbox.DefaultDiffFileSize, "do not show changes of files larger than this many bytes")
	fs.StringArrayVar(&opts.Paths, "path", nil, "write only what changed at this `PATH` of the tree and beneath it")
	return cmd
}

// ofKept reports whether the arguments name a sandbox that is kept. A directory
// wants a command.
func ofKept(cmd *cobra.Command, args []string) bool {
	return len(args) == 1 && cmd.ArgsLenAtDash() < 0 && !isDirectory(args[0])
}

// diffOf writes what was changed in a sandbox that is kept.
func (a *app) diffOf(ctx context.Context, opts sandbox.DiffOptions, word string) error {
	return a.inKept(ctx, word, func(ctx context.Context, m *sandbox.Manager, info *sandbox.Info, _ *relay) error {
		sb, err := m.Connect(ctx, info.ID)
		if err != nil {
			return err
		}
		return a.writeDiff(ctx, sb, opts)
	})
}

func (a *app) diff(ctx context.Context, f *sandboxFlags, opts sandbox.DiffOptions, dir string, argv []string) error {
	options, req, err := a.prepare(f, argv)
	if err != nil {
		return err
	}
	return a.inSandbox(ctx, dir, options, func(ctx context.Context, sb *sandbox.Sandbox, r *relay) error {
		j := &job{app: a, sandbox: sb, relay: r, request: req, stdout: a.stderr, stderr: a.stderr}
		result, err := j.run(ctx)
		if err != nil && !errors.Is(err, sandbox.ErrCommandTimeout) {
			return err
		}
		if err := a.writeDiff(ctx, sb, opts); err != nil {
			return err
		}
		return a.ended(result, err, argv)
	})
}

// writeDiff writes a patch: as it is, or, on a terminal, for a person to read.
func (a *app) writeDiff(ctx context.Context, sb *sandbox.Sandbox, opts sandbox.DiffOptions) error {
	out := bufio.NewWriter(a.stdout)
	var to io.Writer = out
	shown := &diffPrinter{style: a.styleOf(a.stdout), to: out}
	if isTerminal(a.stdout) {
		to = shown
	}
	if err := sb.Diff(ctx, to, opts); err != nil {
		return err
	}
	shown.flush()
	return out.Flush()
}

// diffPrinter writes a patch in colour, without what a terminal would act on.
type diffPrinter struct {
	style style
	to    *bufio.Writer
	rest  []byte // the beginning of a line
}

func (p *diffPrinter) Write(data []byte) (int, error) {
	p.rest = append(p.rest, data...)
	for {
		line, rest, ok := bytes.Cut(p.rest, []byte{'\n'})
		if !ok {
			return len(data), nil
		}
		if _, err := p.to.WriteString(p.line(string(line)) + "\n"); err != nil {
			return 0, err
		}
		p.rest = rest
	}
}

func (p *diffPrinter) flush() {
	if len(p.rest) > 0 {
		_, _ = p.to.WriteString(p.line(string(p.rest)))
	}
}

func (p *diffPrinter) line(text string) string {
	shown := printable(text)
	if text == "" {
		return shown
	}
	switch text[0] {
	case ' ', '\\':
		return shown
	case '+':
		return p.style.green(shown)
	case '-':
		return p.style.red(shown)
	case '@':
		return p.style.cyan(shown)
	case '#':
		return p.style.yellow(shown)
	}
	return p.style.bold(shown)
}

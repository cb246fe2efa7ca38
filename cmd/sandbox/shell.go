// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sandbox-rls/sandbox"
)

// interactive is a shell with a prompt that says where one is.
const interactive = `if command -v bash >/dev/null; then PS1='(sandbox) \w\$ ' exec bash; fi; PS1='(sandbox) $ ' exec sh -i`

func (a *app) shellCommand() *cobra.Command {
	var f sandboxFlags
	cmd := &cobra.Command{
		Use:   "shell [flags] DIR | ID",
		Short: "Open a shell in a sandbox",
		Long: `shell opens an interactive shell: bash, or else sh.

With DIR, a directory that exists, it is in a new sandbox of it, sees what a
command of "sandbox run" sees under the same flags, and what it changes is listed
when it ends, and dropped. With ID it is in a sandbox that is kept, as a command
of "sandbox exec" is.`,
		Example: `  sandbox shell .
  sandbox shell --preset view-only ~/project
  sandbox shell fix`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return usagef("there is no directory or sandbox: write %s DIR, or %s ID", cmd.CommandPath(), cmd.CommandPath())
			case len(args) > 1:
				return usagef("%q is one argument too many: use sandbox run, or sandbox exec, for a command", args[1])
			}
			return nil
		},
		ValidArgsFunction: a.directoriesOrIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !isTerminal(a.stdin) || !isTerminal(a.stdout) {
				return usagef("input and output are not a terminal: use sandbox run, or sandbox exec")
			}
			if isDirectory(args[0]) {
				if err := refuse(cmd, fmt.Sprintf("is for a sandbox that is kept, and %q is a directory", args[0]), "state-dir"); err != nil {
					return err
				}
				return a.shell(cmd.Context(), &f, args[0])
			}
			if err := refuseMaking(cmd, args[0]); err != nil {
				return err
			}
			return a.shellIn(cmd.Context(), &f.commandFlags, args[0])
		},
	}
	f.add(cmd)
	a.addStateFlag(cmd)
	return cmd
}

// refuseMaking refuses the flags that say what a new sandbox is to be like, when
// the word is no directory.
func refuseMaking(cmd *cobra.Command, word string) error {
	var flags []string
	var f makeFlags
	probe := &cobra.Command{}
	f.add(probe)
	probe.Flags().VisitAll(func(fl *pflag.Flag) { flags = append(flags, fl.Name) })
	return refuse(cmd, fmt.Sprintf("is for a new sandbox of a directory, and %q is none", word), flags...)
}

// directoriesOrIDs completes a directory or a sandbox that is kept.
func (a *app) directoriesOrIDs(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		if ids, _ := a.sandboxIDs(false)(cmd, args, word); slices.ContainsFunc(ids, func(id string) bool { return strings.HasPrefix(id, word) }) {
			return ids, cobra.ShellCompDirectiveNoFileComp
		}
	}
	return directories(cmd, args, word)
}

func (a *app) shell(ctx context.Context, f *sandboxFlags, dir string) error {
	opts, req, err := a.prepare(f, shellArgv())
	if err != nil {
		return err
	}
	return a.inSandbox(ctx, dir, opts, func(ctx context.Context, sb *sandbox.Sandbox, r *relay) error {
		return a.interact(ctx, sb, r, req, dropped())
	})
}

func (a *app) shellIn(ctx context.Context, f *commandFlags, word string) error {
	req, err := f.request(shellArgv())
	if err != nil {
		return err
	}
	req.Stdin = a.stdin
	return a.inStarted(ctx, word, func(ctx context.Context, sb *sandbox.Sandbox, name named, r *relay) error {
		return a.interact(ctx, sb, r, req, keptAs(name))
	})
}

func shellArgv() []string { return []string{"/bin/sh", "-c", interactive} }

func (a *app) interact(ctx context.Context, sb *sandbox.Sandbox, r *relay, req sandbox.ExecRequest, to fate) error {
	j := &job{app: a, sandbox: sb, relay: r, request: req, stdout: a.stdout, stderr: a.stderr}
	restore := j.atTerminal()
	result, err := j.run(ctx)
	restore()
	if isTerminal(a.stderr) {
		if err := a.summarize(ctx, sb, false, to); err != nil {
			return err
		}
	}
	return a.ended(result, err, nil)
}

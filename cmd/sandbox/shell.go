// SPDX-License-Identifier: MIT

package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/sandbox-rls/sandbox"
)

// interactive is a shell with a prompt that says where one is.
const interactive = `if command -v bash >/dev/null; then PS1='(sandbox) \w\$ ' exec bash; fi; PS1='(sandbox) $ ' exec sh -i`

func (a *app) shellCommand() *cobra.Command {
	var f sandboxFlags
	cmd := &cobra.Command{
		Use:   "shell [flags] DIR",
		Short: "Open a shell in a sandbox of a directory",
		Long: `shell opens an interactive shell in a sandbox of a directory: bash, or else sh.
It sees what a command of "sandbox run" sees under the same flags. What it changes
is listed when it ends, and dropped.`,
		Example: `  sandbox shell .
  sandbox shell --preset view-only ~/project`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return usagef("there is no directory: write %s DIR", cmd.CommandPath())
			case len(args) > 1:
				return usagef("%q is one argument too many: use sandbox run for a command", args[1])
			}
			return aDirectory(args[0])
		},
		ValidArgsFunction: directories,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !isTerminal(a.stdin) || !isTerminal(a.stdout) {
				return usagef("input and output are not a terminal: use sandbox run")
			}
			return a.shell(cmd.Context(), &f, args[0])
		},
	}
	f.add(cmd)
	return cmd
}

func (a *app) shell(ctx context.Context, f *sandboxFlags, dir string) error {
	opts, req, err := a.prepare(f, []string{"/bin/sh", "-c", interactive})
	if err != nil {
		return err
	}
	return a.inSandbox(ctx, dir, opts, func(ctx context.Context, sb *sandbox.Sandbox, r *relay) error {
		j := &job{app: a, sandbox: sb, relay: r, request: req, stdout: a.stdout, stderr: a.stderr}
		restore := j.atTerminal()
		result, err := j.run(ctx)
		restore()
		if isTerminal(a.stderr) {
			if err := a.summarize(ctx, sb, false); err != nil {
				return err
			}
		}
		return a.ended(result, err, nil)
	})
}

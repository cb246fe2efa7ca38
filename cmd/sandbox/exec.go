// SPDX-License-Identifier: MIT

package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/sandbox-rls/sandbox"
)

func (a *app) execCommand() *cobra.Command {
	var f commandFlags
	var out outputFlags
	cmd := &cobra.Command{
		Use:   "exec [flags] ID -- COMMAND [ARG]...",
		Short: "Run a command in a sandbox that is kept",
		Long: `exec runs a command in a sandbox that "sandbox create", "sandbox fork" or
"sandbox run --keep" has made, and exits as the command does. It finds what the
commands before have changed in the workspace. What they left in /tmp, in the home
directory or running is gone: the sandbox has processes only while exec runs.

ID is the id, the beginning of one, or a name. Input, output, signals and exit
codes are as in "sandbox run".

A state directory has one owner at a time. While exec runs, no other command can
use it.`,
		Example: `  sandbox exec fix -- make test
  sandbox exec -t fix -- vi src/main.py
  sandbox exec --json fix -- ./agent "fix the tests" | jq .changes`,
		Args: func(cmd *cobra.Command, args []string) error {
			_, _, err := splitAt(cmd, args, "ID", "sandbox")
			return err
		},
		ValidArgsFunction: a.sandboxIDs(false),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, argv, err := splitAt(cmd, args, "ID", "sandbox")
			if err != nil {
				return err
			}
			return a.exec(cmd.Context(), &f, &out, id, argv)
		},
	}
	f.add(cmd)
	out.add(cmd)
	a.addStateFlag(cmd)
	return cmd
}

func (a *app) exec(ctx context.Context, f *commandFlags, out *outputFlags, word string, argv []string) error {
	if err := out.check(); err != nil {
		return err
	}
	req, err := f.request(argv)
	if err != nil {
		return err
	}
	req.Stdin = a.stdin
	return a.inStarted(ctx, word, func(ctx context.Context, sb *sandbox.Sandbox, name named, r *relay) error {
		return a.command(ctx, sb, r, out, req, keptAs(name))
	})
}

// inStarted has something done in a sandbox that is kept. It is stopped
// afterwards, as all of a state directory are that is given up.
func (a *app) inStarted(ctx context.Context, word string, do func(ctx context.Context, sb *sandbox.Sandbox, name named, r *relay) error) error {
	return a.inKept(ctx, word, func(ctx context.Context, m *sandbox.Manager, info *sandbox.Info, r *relay) error {
		sb, err := m.Connect(ctx, info.ID)
		if err == nil {
			err = sb.Start(ctx)
		}
		if err != nil {
			return err
		}
		return do(ctx, sb, nameOf(info), r)
	})
}

// inKept has something done to a sandbox that is kept.
func (a *app) inKept(ctx context.Context, word string, do func(ctx context.Context, m *sandbox.Manager, info *sandbox.Info, r *relay) error) error {
	return a.inState(ctx, func(ctx context.Context, m *sandbox.Manager, r *relay) error {
		info, err := findSandbox(ctx, m, word)
		if err != nil {
			return err
		}
		return do(ctx, m, info, r)
	})
}

// oneID checks that there is one argument: a sandbox or a codebase.
func oneID(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return usagef("there is no %s: write %s ID", what, cmd.CommandPath())
		case len(args) > 1:
			return usagef("%q is one argument too many", args[1])
		}
		return nil
	}
}

// someIDs checks that there is an argument at least.
func someIDs(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usagef("there is no %s: write %s ID...", what, cmd.CommandPath())
		}
		return nil
	}
}

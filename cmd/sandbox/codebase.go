// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sandbox-rls/sandbox"
)

func (a *app) codebaseCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "codebase",
		Short: "Import, export, list and remove codebases",
		Long: `A codebase is a set of files of which sandboxes are made: a copy, which stays
when the directory that it was imported from is gone. Any number of sandboxes can
be made of one at once, without copying anything. What was changed in one of them
goes into the codebase when it is committed, or when the sandbox is removed.`,
		Example: `  sandbox codebase import --name web ~/project
  sandbox create --codebase web --name one --preset development
  sandbox codebase export web | tar -tf -`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown command %q for %q", args[0], cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.importCommand(), a.exportCommand(), a.codebasesCommand(), a.removeCodebaseCommand())
	return cmd
}

func (a *app) codebasesCommand() *cobra.Command {
	var f listFlags
	cmd := &cobra.Command{
		Use:               "ls [flags]",
		Aliases:           []string{"list"},
		Short:             "List codebases",
		Long:              `ls lists the codebases, the oldest first. SIZE is the bytes of its regular files.`,
		Example:           `  sandbox codebase ls`,
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			return a.inState(cmd.Context(), func(ctx context.Context, m *sandbox.Manager, _ *relay) error {
				list, err := listCodebases(ctx, m)
				if err != nil {
					return err
				}
				var ids []string
				for i := range list {
					ids = append(ids, list[i].ID)
				}
				return a.table(&f, append([]sandbox.Codebase{}, list...), ids, ids, "NAME\tFILES\tSIZE\tAGE", func(i int) string {
					c := &list[i]
					return fmt.Sprintf("%s\t%d\t%d\t%s", orDash(c.Name), c.FileCount, c.Size, age(c.Created))
				})
			})
		},
	}
	f.add(cmd)
	a.addStateFlag(cmd)
	return cmd
}

func (a *app) removeCodebaseCommand() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "rm [flags] ID...",
		Short: "Remove codebases",
		Long: `rm removes codebases, and prints the id of each. One of which there are
sandboxes is kept, unless --force says otherwise: they go on without it, but what is
changed in them has no codebase to go into.

The exit code is 1 when a codebase was kept.`,
		Example:           `  sandbox codebase rm web`,
		Args:              someIDs("codebase"),
		ValidArgsFunction: a.codebaseIDs(true),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.inState(cmd.Context(), func(ctx context.Context, m *sandbox.Manager, _ *relay) error {
				return a.removeCodebases(ctx, m, args, force)
			})
		},
	}
	cmd.Flags().BoolVarP(&force, "force", "f", false, "remove it although there are sandboxes of it")
	a.addStateFlag(cmd)
	return cmd
}

func (a *app) removeCodebases(ctx context.Context, m *sandbox.Manager, args []string, force bool) error {
	all, err := listCodebases(ctx, m)
	if err != nil {
		return err
	}
	list := make([]*sandbox.Codebase, len(args))
	for i, word := range args {
		if list[i], err = pick("codebase", word, all, nameOfCodebase); err != nil {
			return err
		}
	}
	var first error
	for _, c := range list {
		if err := a.removeCodebase(ctx, m, c, force); err != nil && first == nil {
			first = err
		}
	}
	return first
}

func (a *app) removeCodebase(ctx context.Context, m *sandbox.Manager, c *sandbox.Codebase, force bool) error {
	users, err := listSandboxes(ctx, m, sandbox.ListSandboxesRequest{CodebaseID: c.ID})
	if err != nil {
		return err
	}
	if len(users) > 0 && !force {
		n := nameOfCodebase(c)
		a.note("%s is kept, for %s of it; sandbox ls --codebase %s lists what, --force removes it nevertheless", n.full(), countSandboxes(len(users)), n.called())
		return exitStatus(exitRefused)
	}
	if err := m.DeleteCodebase(ctx, c.ID); err != nil {
		return err
	}
	a.printID(c.ID)
	return nil
}

func countSandboxes(n int) string {
	if n == 1 {
		return "1 sandbox"
	}
	return fmt.Sprintf("%d sandboxes", n)
}

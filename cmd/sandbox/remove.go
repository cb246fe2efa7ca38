// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sandbox-rls/sandbox"
)

func (a *app) removeCommand() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "rm [flags] ID...",
		Short: "Remove sandboxes",
		Long: `rm removes sandboxes, and prints the id of each. One of a directory that has
changes which were not committed is kept, unless --force says to drop them. What
was changed in one of a codebase goes into the codebase: "sandbox discard" before
keeps it out.

The exit code is 1 when a sandbox was kept for its changes.`,
		Example: `  sandbox rm fix
  sandbox rm --force $(sandbox ls -q --label ticket=42)`,
		Args:              someIDs("sandbox"),
		ValidArgsFunction: a.sandboxIDs(true),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.eachKept(cmd.Context(), args, func(ctx context.Context, m *sandbox.Manager, info *sandbox.Info) error {
				return a.remove(ctx, m, info, force)
			})
		},
	}
	cmd.Flags().BoolVarP(&force, "force", "f", false, "drop changes that were not committed")
	a.addStateFlag(cmd)
	return cmd
}

// eachKept finds all sandboxes that are meant, and then does something to each.
// The first error is returned when all have had their turn.
func (a *app) eachKept(ctx context.Context, args []string, do func(ctx context.Context, m *sandbox.Manager, info *sandbox.Info) error) error {
	return a.inState(ctx, func(ctx context.Context, m *sandbox.Manager, _ *relay) error {
		all, err := listSandboxes(ctx, m, sandbox.ListSandboxesRequest{})
		if err != nil {
			return err
		}
		var list []*sandbox.Info
		seen := map[string]bool{}
		for _, word := range args {
			info, err := pick("sandbox", word, all, nameOf)
			if err != nil {
				return err
			}
			if !seen[info.ID] {
				list = append(list, info)
			}
			seen[info.ID] = true
		}
		var first error
		for _, info := range list {
			if err := do(ctx, m, info); err != nil && first == nil {
				first = err
			}
		}
		return first
	})
}

func (a *app) remove(ctx context.Context, m *sandbox.Manager, info *sandbox.Info, force bool) error {
	into, err := a.takes(ctx, m, info)
	if err != nil {
		return err
	}
	changes, err := m.Changes(ctx, info.ID)
	switch {
	case err != nil && !force:
		return fmt.Errorf("%w (--force removes it nevertheless)", err)
	case len(changes) > 0 && into == nil && !force:
		name := nameOf(info)
		a.note("%s is kept, for %s not committed; sandbox diff %s shows what, --force drops it", name.full(), count(len(changes), "change"), name.called())
		return exitStatus(exitRefused)
	}
	if err := m.DestroySandbox(ctx, info.ID); err != nil {
		return err
	}
	if len(changes) > 0 && into != nil {
		a.note("%s went into codebase %s", count(len(changes), "change"), nameOfCodebase(into).full())
	}
	a.printID(info.ID)
	return nil
}

// takes returns the codebase that takes what was changed in a sandbox; nil: none
// does.
func (a *app) takes(ctx context.Context, m *sandbox.Manager, info *sandbox.Info) (*sandbox.Codebase, error) {
	if info.CodebaseID == "" {
		return nil, nil
	}
	c, err := m.GetCodebase(ctx, info.CodebaseID)
	if errors.Is(err, sandbox.ErrCodebaseNotFound) {
		return nil, nil
	}
	return c, err
}

func (a *app) discardCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "discard [flags] ID...",
		Short: "Drop what was changed in a sandbox",
		Long: `discard drops all that was changed in sandboxes and was not committed. The
sandboxes stay, as they were made, or committed last.`,
		Example:           `  sandbox discard fix`,
		Args:              someIDs("sandbox"),
		ValidArgsFunction: a.sandboxIDs(true),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.eachKept(cmd.Context(), args, func(ctx context.Context, m *sandbox.Manager, info *sandbox.Info) error {
				changes, err := m.Changes(ctx, info.ID)
				if err != nil {
					return err
				}
				if err := m.Discard(ctx, info.ID); err != nil {
					return err
				}
				a.note("%s of %s dropped", count(len(changes), "change"), nameOf(info).full())
				return nil
			})
		},
	}
	a.addStateFlag(cmd)
	return cmd
}

// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sandbox-rls/sandbox"
)

func (a *app) changesCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "changes [flags] ID",
		Short: "List what was changed in a sandbox",
		Long: `changes lists what was changed in a sandbox since it was made, and was not
committed: what "sandbox diff ID" shows in full, by names, one a line.`,
		Example: `  sandbox changes fix
  sandbox changes --json fix | jq -r '.[] | select(.kind == "added").path'`,
		Args:              oneID("sandbox"),
		ValidArgsFunction: a.sandboxIDs(false),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.inKept(cmd.Context(), args[0], func(ctx context.Context, m *sandbox.Manager, info *sandbox.Info, _ *relay) error {
				changes, err := m.Changes(ctx, info.ID)
				if err != nil {
					return err
				}
				if asJSON {
					return a.writeJSON(append([]sandbox.Change{}, changes...))
				}
				s := a.styleOf(a.stdout)
				for _, c := range changes {
					fmt.Fprintln(&a.out, s.change(c))
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	a.addStateFlag(cmd)
	return cmd
}

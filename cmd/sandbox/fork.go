// SPDX-License-Identifier: MIT

package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/sandbox-rls/sandbox"
)

func (a *app) forkCommand() *cobra.Command {
	var k keepFlags
	var l limitFlags
	cmd := &cobra.Command{
		Use:   "fork [flags] ID",
		Short: "Make another sandbox from the state of one, and print its id",
		Long: `fork makes another sandbox from the state of one: of the same directory or
codebase, under the same rules, with what was changed until now. From then on the
two have nothing to do with each other. It prints the id of the new one.

Limits and labels are those of the other, unless they are given; the name is not
taken over.`,
		Example: `  sandbox fork --name second fix
  sandbox exec second -- ./agent "try it the other way"
  sandbox diff second`,
		Args:              oneID("sandbox"),
		ValidArgsFunction: a.sandboxIDs(false),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := k.all(); err != nil {
				return err
			}
			limits, err := l.limits()
			if err != nil {
				return err
			}
			return a.inKept(cmd.Context(), args[0], func(ctx context.Context, m *sandbox.Manager, info *sandbox.Info, _ *relay) error {
				return a.fork(ctx, m, info, &k, limits)
			})
		},
	}
	k.add(cmd)
	l.add(cmd)
	a.addStateFlag(cmd)
	return cmd
}

func (a *app) fork(ctx context.Context, m *sandbox.Manager, info *sandbox.Info, k *keepFlags, limits sandbox.ResourceLimits) error {
	given, err := k.prepare(ctx, m)
	if err != nil {
		return err
	}
	labels := map[string]string{}
	if len(k.labels) == 0 {
		for key, value := range info.Labels {
			labels[key] = value
		}
		delete(labels, nameLabel)
	}
	for key, value := range given {
		labels[key] = value
	}
	req := sandbox.ForkRequest{Labels: labels, ExpiresIn: k.expires}
	if limits != (sandbox.ResourceLimits{}) {
		req.Resources = &limits
	}
	other, err := m.Fork(ctx, info.ID, req)
	if err != nil {
		return err
	}
	a.printID(other.ID)
	return nil
}

// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sandbox-rls/sandbox"
)

func (a *app) commitCommand() *cobra.Command {
	var opts sandbox.CommitOptions
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "commit [flags] ID",
		Short: "Carry what was changed over to the directory or codebase",
		Long: `commit carries what was changed in a sandbox over to what the sandbox was made
of: its directory, or its codebase. What it prints are the changes that it carried
over; they are no changes of the sandbox any more. Look at "sandbox diff ID" before.

What somebody else has changed since the sandbox was made is a conflict, and is not
overwritten. As long as there is one nothing is committed, unless --partial or
--overwrite says otherwise.

The exit code is 1 when there was a conflict, or something could not be read.`,
		Example: `  sandbox commit --dry-run fix
  sandbox commit fix --path src --path go.mod
  sandbox commit fix --to ../elsewhere`,
		Args:              oneID("sandbox"),
		ValidArgsFunction: a.sandboxIDs(false),
		RunE: func(cmd *cobra.Command, args []string) error {
			if opts.Dir != "" {
				if err := aDirectory(opts.Dir); err != nil {
					return err
				}
			}
			return a.inKept(cmd.Context(), args[0], func(ctx context.Context, m *sandbox.Manager, info *sandbox.Info, _ *relay) error {
				return a.commit(ctx, m, info, opts, asJSON)
			})
		},
	}
	fs := cmd.Flags()
	fs.StringArrayVar(&opts.Paths, "path", nil, "commit only what changed at this `PATH` of the tree and beneath it")
	fs.BoolVarP(&opts.DryRun, "dry-run", "n", false, "change nothing, and say what would be done")
	fs.BoolVar(&opts.Partial, "partial", false, "commit what has no conflict when something else has one")
	fs.BoolVar(&opts.Overwrite, "overwrite", false, "overwrite what somebody else has changed")
	fs.StringVar(&opts.Dir, "to", "", "commit to this `directory` instead, which must be as that of the sandbox was; the changes stay changes of the sandbox")
	fs.BoolVar(&asJSON, "json", false, "write the report as JSON")
	_ = cmd.MarkFlagDirname("to")
	_ = cmd.RegisterFlagCompletionFunc("path", words())
	a.addStateFlag(cmd)
	return cmd
}

func (a *app) commit(ctx context.Context, m *sandbox.Manager, info *sandbox.Info, opts sandbox.CommitOptions, asJSON bool) error {
	report, err := m.Commit(ctx, info.ID, opts)
	if err != nil && (report == nil || !errors.Is(err, sandbox.ErrConflict)) {
		if report != nil {
			a.items("left", report.Left)
		}
		return err
	}
	if asJSON {
		err = a.writeJSON(report)
	} else {
		err = a.tell(report, opts, nameOf(info))
	}
	if err == nil && len(report.Conflicts)+len(report.Failed)+len(report.Left) > 0 {
		return exitStatus(exitRefused)
	}
	return err
}

// tell writes what was committed, and on standard error what was not and why.
func (a *app) tell(r *sandbox.CommitReport, opts sandbox.CommitOptions, name named) error {
	s := a.styleOf(a.stdout)
	for _, i := range r.Applied {
		if _, err := fmt.Fprintln(a.stdout, s.kind(i.Kind)+"  "+printable(i.Path)); err != nil {
			return err
		}
	}
	blocked := len(r.Conflicts)+len(r.Failed) > 0 && !opts.Partial
	switch {
	case blocked && len(r.Failed) == 0:
		a.note("nothing is committed: somebody else has changed what would be overwritten")
	case blocked:
		a.note("nothing is committed: not all can be carried over")
	case total(r) == 0 && len(opts.Paths) > 0:
		a.note("no changes at these paths")
	case total(r) == 0:
		a.note("no changes")
	case opts.DryRun:
		a.note("%s would be committed", count(len(r.Applied), "change"))
	default:
		a.note("%s committed", count(len(r.Applied), "change"))
	}
	a.items("conflict", r.Conflicts)
	a.items("failed", r.Failed)
	a.items("denied", r.Denied)
	a.items("skipped", r.Skipped)
	a.items("there", r.Unchanged)
	a.items("left", r.Left)
	if blocked && len(r.Conflicts) > 0 {
		a.note("--partial commits what else there is, --overwrite this too; sandbox diff %s shows it", name.called())
	}
	return nil
}

func total(r *sandbox.CommitReport) int {
	n := 0
	for _, list := range [][]sandbox.CommitItem{r.Applied, r.Unchanged, r.Conflicts, r.Denied, r.Skipped, r.Failed} {
		n += len(list)
	}
	return n
}

// items says on standard error what became of changes, and why.
func (a *app) items(what string, list []sandbox.CommitItem) {
	s := a.styleOf(a.stderr)
	word := fmt.Sprintf("%-8s", what)
	switch what {
	case "conflict", "failed", "left":
		word = s.red(word)
	case "there":
		word = s.dim(word) // already
	default:
		word = s.yellow(word)
	}
	for _, i := range list {
		line := "  " + word + "  " + printable(i.Path)
		if i.Reason != "" {
			line += ": " + oneLine(i.Reason)
		}
		fmt.Fprintln(a.stderr, line)
	}
}

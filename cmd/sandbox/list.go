// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/sandbox-rls/sandbox"
)

// listFlags say how something is listed.
type listFlags struct{ json, quiet bool }

func (f *listFlags) add(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.json, "json", false, "write JSON")
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "write whole ids, and nothing else")
}

func (f *listFlags) check() error {
	if f.json && f.quiet {
		return usagef("--json and --quiet exclude each other")
	}
	return nil
}

func (a *app) listCommand() *cobra.Command {
	var f listFlags
	var codebase string
	var labels []string
	cmd := &cobra.Command{
		Use:     "ls [flags]",
		Aliases: []string{"list"},
		Short:   "List the sandboxes that are kept",
		Long: `ls lists the sandboxes that are kept, the oldest first: of what each was made,
and whether commands have been run in it ("stopped") or not yet ("pending"). The
ids are shortened as far as they stay apart; --quiet and --json have all of them.`,
		Example: `  sandbox ls
  sandbox ls --label ticket=42 --json | jq '.[].source'
  sandbox rm --force $(sandbox ls -q)`,
		Args:              noArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			want, err := parseLabels(labels)
			if err != nil {
				return err
			}
			return a.list(cmd.Context(), &f, codebase, want)
		},
	}
	f.add(cmd)
	fs := cmd.Flags()
	fs.StringVar(&codebase, "codebase", "", "only those of this codebase: its `ID`, or name")
	fs.StringArrayVar(&labels, "label", nil, "only those that have this label, `KEY=VALUE`")
	_ = cmd.RegisterFlagCompletionFunc("codebase", a.codebaseFlag)
	_ = cmd.RegisterFlagCompletionFunc("label", words())
	a.addStateFlag(cmd)
	return cmd
}

func (a *app) list(ctx context.Context, f *listFlags, codebase string, labels map[string]string) error {
	return a.inState(ctx, func(ctx context.Context, m *sandbox.Manager, _ *relay) error {
		req := sandbox.ListSandboxesRequest{Labels: labels}
		if codebase != "" {
			c, err := findCodebase(ctx, m, codebase)
			if err != nil {
				return err
			}
			req.CodebaseID = c.ID
		}
		all, err := listSandboxes(ctx, m, sandbox.ListSandboxesRequest{})
		if err != nil {
			return err
		}
		list, err := listSandboxes(ctx, m, req)
		if err != nil {
			return err
		}
		return a.table(f, append([]sandbox.Info{}, list...), idsOf(list), idsOf(all), "NAME\tSTATUS\tAGE\tOF", func(i int) string {
			s := &list[i]
			return fmt.Sprintf("%s\t%s\t%s\t%s", orDash(s.Labels[nameLabel]), s.Status, age(s.Created), printable(origin(s)))
		})
	})
}

func idsOf(list []sandbox.Info) (ids []string) {
	for i := range list {
		ids = append(ids, list[i].ID)
	}
	return ids
}

// table writes a list: as JSON, as ids, or with columns. all are the ids of which
// those of the list are told apart.
func (a *app) table(f *listFlags, list any, ids, all []string, head string, columns func(i int) string) error {
	switch {
	case f.json:
		return a.writeJSON(list)
	case f.quiet:
		for _, id := range ids {
			a.printID(id)
		}
		return nil
	case len(ids) == 0:
		return nil
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\t"+head)
	for i, id := range ids {
		fmt.Fprintln(w, shortID(id, all)+"\t"+columns(i))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	titles, rows, _ := strings.Cut(b.String(), "\n")
	_, err := fmt.Fprintf(a.stdout, "%s\n%s", a.styleOf(a.stdout).bold(titles), rows)
	return err
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return printable(text)
}

// age is how long ago something was, in its largest unit.
func age(t time.Time) string {
	d := max(time.Since(t), 0)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%dd", d/(24*time.Hour))
}

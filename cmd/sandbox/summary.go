// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/sandbox-rls/sandbox"
)

// fewChanges is how many changes are listed when nobody asked for them.
const fewChanges = 10

// summarize lists on standard error what a sandbox changed.
func (a *app) summarize(ctx context.Context, sb *sandbox.Sandbox, all bool) error {
	changes, err := sb.Changes(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	if len(changes) == 0 {
		if all {
			fmt.Fprintln(a.stderr, "sandbox: no changes")
		}
		return nil
	}
	s := a.styleOf(a.stderr)
	fmt.Fprintf(a.stderr, "sandbox: %s, not kept (sandbox diff writes a patch)\n", count(len(changes), "change"))
	for i, c := range changes {
		if !all && i == fewChanges {
			fmt.Fprintf(a.stderr, "  … and %d more\n", len(changes)-i)
			break
		}
		fmt.Fprintln(a.stderr, "  "+s.change(c))
	}
	return nil
}

// change is a line about a change.
func (s style) change(c sandbox.Change) string {
	kind := fmt.Sprintf("%-8s", c.Kind)
	switch c.Kind {
	case sandbox.Added:
		kind = s.green(kind)
	case sandbox.Deleted:
		kind = s.red(kind)
	case sandbox.Modified:
		kind = s.yellow(kind)
	}
	line := kind + "  " + printable(c.Path)
	switch {
	case c.Mode.IsDir():
		return strings.TrimSuffix(line, "/") + "/"
	case c.Kind != sandbox.Deleted && c.Mode.IsRegular():
		return line + " (" + count(int(c.Size), "byte") + ")"
	}
	return line
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

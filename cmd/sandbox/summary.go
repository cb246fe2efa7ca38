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

// fate is what becomes of the changes of a sandbox.
type fate struct {
	text string
	id   string // of a sandbox that is kept
}

// dropped is the fate of what is changed in a sandbox that goes with its command.
func dropped() fate { return fate{text: "not kept (sandbox diff writes a patch)"} }

// keptAs is the fate of what is changed in one that stays.
func keptAs(n named) fate {
	name := n.called()
	return fate{"kept (sandbox diff " + name + " shows them, sandbox commit " + name + " carries them over)", n.id}
}

// summarize lists on standard error what a sandbox changed, and says what becomes
// of it.
func (a *app) summarize(ctx context.Context, sb *sandbox.Sandbox, all bool, to fate) error {
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
	fmt.Fprintf(a.stderr, "sandbox: %s, %s\n", count(len(changes), "change"), to.text)
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
	line := s.kind(c.Kind) + "  " + printable(c.Path)
	switch {
	case c.Mode.IsDir():
		return strings.TrimSuffix(line, "/") + "/"
	case c.Kind != sandbox.Deleted && c.Mode.IsRegular():
		return line + " (" + count(int(c.Size), "byte") + ")"
	}
	return line
}

// kind is the kind of a change in its colour, eight characters wide.
func (s style) kind(k sandbox.ChangeKind) string {
	text := fmt.Sprintf("%-8s", k)
	switch k {
	case sandbox.Added:
		return s.green(text)
	case sandbox.Deleted:
		return s.red(text)
	case sandbox.Modified:
		return s.yellow(text)
	}
	return text
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

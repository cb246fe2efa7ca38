// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"

	"github.com/sandbox-rls/sandbox"
)

func measureCommand(l *lab) (Section, error) {
	s := Section{
		Title:   "Starting a command",
		About:   "Each sample is one command from Go, its output collected. bwrap makes a sandbox for each command; the last row makes, uses and destroys one of ours for each, too.",
		Columns: comparisonColumns,
	}
	dir, err := l.tree(l.sizes.trees[0])
	if err != nil {
		return s, err
	}
	sb, err := l.m.FromLocal(l.ctx, dir)
	if err != nil {
		return s, err
	}
	defer sb.Close()
	plain := comparison{name: "`Run(\"true\")`", command: "true", most: 1.8, n: l.sizes.many}
	row, err := l.compare(plain, dir, sb)
	if err != nil {
		return s, err
	}
	s.Rows = append(s.Rows, row)
	for _, more := range []func() (Row, error){
		func() (Row, error) { return l.afterWriting(dir, sb) },
		func() (Row, error) { return l.startPython(dir, sb) },
		func() (Row, error) { return l.oneSandboxEach(dir) },
	} {
		row, err := more()
		if err != nil {
			return s, err
		}
		s.Rows = append(s.Rows, row)
	}
	return s, nil
}

// afterWriting compares a sandbox that has written many files with one that
// has written none, which stands in the place of bare.
func (l *lab) afterWriting(dir string, fresh *sandbox.Sandbox) (Row, error) {
	written, err := l.m.FromLocal(l.ctx, dir)
	if err != nil {
		return Row{}, err
	}
	defer written.Close()
	write := fmt.Sprintf("mkdir output/d && cd output/d && i=0 && while [ $i -lt %d ]; do echo x > f$i; i=$((i+1)); done", l.sizes.create)
	if _, err := output(l.ctx, written, write); err != nil {
		return Row{}, err
	}
	taken, err := l.turns(l.sizes.many,
		side{"fresh", inside(l.ctx, fresh, "true")}, side{"written", inside(l.ctx, written, "true")})
	if err != nil {
		return Row{}, err
	}
	name := fmt.Sprintf("the same after it wrote %d files, against a fresh sandbox in the place of bare", l.sizes.create)
	return comparisonRow(comparison{name: name, most: 1.05}, taken), nil
}

func (l *lab) startPython(dir string, sb *sandbox.Sandbox) (Row, error) {
	c := comparison{name: "`python3 -c pass`", command: "/usr/bin/python3 -c pass", most: 1.05, n: l.sizes.samples}
	if _, err := os.Stat("/usr/bin/python3"); err != nil {
		return Row{Name: c.name + ": not installed", Cells: make([]string, len(comparisonColumns))}, nil
	}
	return l.compare(c, dir, sb)
}

func (l *lab) oneSandboxEach(dir string) (Row, error) {
	codebase, err := l.m.ImportCodebase(l.ctx, dir)
	if err != nil {
		return Row{}, err
	}
	defer func() { _ = l.m.DeleteCodebase(l.ctx, codebase.ID) }()
	sides := []side{
		{"bare", l.host.bare(dir, "true")},
		{"inside", timed(func() error {
			sb, err := l.m.FromCodebase(l.ctx, codebase.ID)
			if err != nil {
				return err
			}
			if _, err := output(l.ctx, sb, "true"); err != nil {
				_ = sb.Close()
				return err
			}
			return sb.Close()
		})},
	}
	if l.host.bwrap != "" {
		sides = append(sides, side{"bwrap", l.host.wrapped(dir, "true")})
	}
	taken, err := l.turns(l.sizes.samples, sides...)
	if err != nil {
		return Row{}, err
	}
	return comparisonRow(comparison{name: "`true`, a sandbox for each"}, taken), nil
}

// SPDX-License-Identifier: MIT

package main

import (
	"fmt"

	"github.com/sandbox-rls/sandbox"
)

// comparison is a command that is run bare, in bwrap and inside.
type comparison struct {
	name    string
	command string // measured
	cleanup string // run after each time, unmeasured
	most    float64
	n       int
	repeat  int  // runs of the command in one sample, to be shown for one
	noBwrap bool // bwrap would not differ from bare
}

// comparisonColumns are those of compare's rows.
var comparisonColumns = []string{"samples", "bare", "bwrap", "inside", "inside/bwrap", "inside/bare"}

// compare measures c in dir, which for bare and bwrap is a copy of what the
// sandbox has.
func (l *lab) compare(c comparison, dir string, sb *sandbox.Sandbox) (Row, error) {
	c.repeat = max(c.repeat, 1)
	command := c.command
	if c.repeat > 1 {
		command = fmt.Sprintf("i=0; while [ $i -lt %d ]; do %s; i=$((i+1)); done", c.repeat, c.command)
	}
	cleanOutside := func() error { return nil }
	cleanInside := cleanOutside
	if c.cleanup != "" {
		cleanOutside = func() error { _, err := l.host.run(dir, "/bin/sh", "-c", c.cleanup); return err }
		cleanInside = func() error { _, err := output(l.ctx, sb, c.cleanup); return err }
	}
	sides := []side{
		{"bare", after(l.host.bare(dir, command), cleanOutside)},
		{"inside", after(inside(l.ctx, sb, command), cleanInside)},
	}
	if l.host.bwrap != "" && !c.noBwrap {
		sides = append(sides, side{"bwrap", after(l.host.wrapped(dir, command), cleanOutside)})
	}
	taken, err := l.turns(c.n, sides...)
	if err != nil {
		return Row{}, fmt.Errorf("%s: %w", c.name, err)
	}
	return comparisonRow(c, taken), nil
}

func comparisonRow(c comparison, taken []samples) Row {
	bare, in := taken[0], taken[1]
	bwrap, toBwrap := "–", "–"
	if len(taken) > 2 {
		bwrap, toBwrap = show(taken[2].each(c.repeat)), times(ratio(in, taken[2]))
	}
	r := ratio(in, bare)
	return Row{
		Name:  c.name,
		Cells: []string{fmt.Sprint(len(bare)), show(bare.each(c.repeat)), bwrap, show(in.each(c.repeat)), toBwrap, times(r)},
		Goal:  atMost(r, c.most, "×"),
	}
}

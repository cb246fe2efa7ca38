// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"slices"
)

func measureMemory(l *lab) (Section, error) {
	s := Section{
		Title:   "Memory of idle sandboxes",
		About:   "Of one sandbox among so many: its processes, and what its owner has grown by. The process that forks all of them is counted by itself. PSS divides what processes share among them; RSS counts it for each. Memory of the kernel's own is in neither.",
		Columns: []string{"processes' RSS", "processes' PSS", "owner's growth (PSS)"},
	}
	codebase, err := l.smallCodebase()
	if err != nil {
		return s, err
	}
	once, err := l.once(codebase)
	if err != nil {
		return s, err
	}
	s.Rows = append(s.Rows, once)
	for _, n := range l.sizes.idle {
		row, err := l.idle(codebase, n)
		if err != nil {
			return s, err
		}
		s.Rows = append(s.Rows, row)
	}
	return s, nil
}

// once is what remains when all sandboxes are gone, and is there once for all.
func (l *lab) once(codebase string) (Row, error) {
	boxes, err := l.hold(codebase, 1)
	if err != nil {
		return Row{}, err
	}
	release(boxes)
	rest, err := descendants(os.Getpid())
	if err != nil {
		return Row{}, err
	}
	name := fmt.Sprintf("held at once: 0, with processes: %d", len(rest))
	sum, err := residence(rest)
	if os.IsPermission(err) {
		return Row{Name: name + ": only root may look", Cells: []string{"–", "–", "–"}}, nil
	}
	if err != nil {
		return Row{}, err
	}
	return Row{Name: name, Cells: []string{megabytes(float64(sum.rss)), megabytes(float64(sum.pss)), "–"}}, nil
}

func megabytes(bytes float64) string { return fmt.Sprintf("%.2f MB", bytes/(1<<20)) }

func (l *lab) idle(codebase string, n int) (Row, error) {
	self := []int{os.Getpid()}
	debug.FreeOSMemory()
	before, err := residence(self)
	if err != nil {
		return Row{}, err
	}
	already, err := descendants(os.Getpid())
	if err != nil {
		return Row{}, err
	}
	boxes, err := l.hold(codebase, n)
	if err != nil {
		return Row{}, err
	}
	defer release(boxes)
	debug.FreeOSMemory()
	now, err := descendants(os.Getpid())
	if err != nil {
		return Row{}, err
	}
	theirs := slices.DeleteFunc(now, func(pid int) bool { return slices.Contains(already, pid) })
	name := fmt.Sprintf("held at once: %d, with processes: %d", n, len(theirs))
	boxed, err := residence(theirs)
	if os.IsPermission(err) {
		return Row{Name: name + ": only root may look", Cells: []string{"–", "–", "–"}}, nil
	}
	if err != nil {
		return Row{}, err
	}
	after, err := residence(self)
	if err != nil {
		return Row{}, err
	}
	each := func(bytes int64) float64 { return float64(bytes) / float64(n) }
	grown := after.pss - before.pss // less than nothing where it now shares with its children
	return Row{
		Name:  name,
		Cells: []string{megabytes(each(boxed.rss)), megabytes(each(boxed.pss)), megabytes(each(grown))},
		Goal:  atMost(each(boxed.pss+grown)/(1<<20), 6, "MB"),
	}, nil
}

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
		About:   "Of one sandbox among so many: its processes, and what its owner has grown by. PSS divides what processes share among them; RSS counts it for each. Memory of the kernel's own is in neither.",
		Columns: []string{"processes' RSS", "processes' PSS", "owner's growth (PSS)"},
	}
	codebase, err := l.smallCodebase()
	if err != nil {
		return s, err
	}
	for _, n := range l.sizes.idle {
		row, err := l.idle(codebase, n)
		if err != nil {
			return s, err
		}
		s.Rows = append(s.Rows, row)
	}
	return s, nil
}

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
	each := func(bytes int64) float64 { return float64(bytes) / float64(n) / (1 << 20) }
	grown := after.pss - before.pss // less than nothing where it now shares with its children
	megabytes := func(bytes int64) string { return fmt.Sprintf("%.2f MB", each(bytes)) }
	return Row{
		Name:  name,
		Cells: []string{megabytes(boxed.rss), megabytes(boxed.pss), megabytes(grown)},
		Goal:  atMost(each(boxed.pss+grown), 6, "MB"),
	}, nil
}

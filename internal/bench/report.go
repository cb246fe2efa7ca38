// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"fmt"
	"os"
	"time"
)

// The results stand between these lines of the file. What is around them is
// written by hand and kept.
const (
	beginResults = "<!-- results: written by make bench -->\n"
	endResults   = "<!-- end of the results -->\n"
)

type report struct {
	machine  string
	took     time.Duration
	sections []Section
}

// writeFile puts a report into its place in a file.
func writeFile(name string, r report) error {
	old, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	head, rest, ok := bytes.Cut(old, []byte(beginResults))
	_, tail, ok2 := bytes.Cut(rest, []byte(endResults))
	if !ok || !ok2 {
		return fmt.Errorf("%s has no place for the results: it needs the lines %q and %q", name, beginResults, endResults)
	}
	var b bytes.Buffer
	b.Write(head)
	b.WriteString(beginResults)
	fmt.Fprintf(&b, "\nMeasured on %s, in %s.\n\n", r.machine, r.took.Round(time.Second))
	r.writeMisses(&b)
	for _, s := range r.sections {
		if err := writeSection(&b, s); err != nil {
			return err
		}
	}
	b.WriteString(endResults)
	b.Write(tail)
	return os.WriteFile(name, b.Bytes(), 0o644)
}

// writeMisses lists the targets that were not reached.
func (r report) writeMisses(b *bytes.Buffer) {
	goals, missed := 0, 0
	var list bytes.Buffer
	for _, s := range r.sections {
		for _, row := range s.Rows {
			if row.Goal.Most == 0 {
				continue
			}
			goals++
			if !row.Goal.reached() {
				missed++
				fmt.Fprintf(&list, "- %s: %s: %s%s against %s.\n", s.Title, row.Name, trim(row.Goal.Got), unit(row.Goal.Unit), row.Goal.text())
			}
		}
	}
	fmt.Fprintf(b, "%d of %d targets reached.", goals-missed, goals)
	if missed > 0 {
		fmt.Fprintf(b, " Missed:\n\n%s", list.String())
	}
	b.WriteString("\n\n")
}

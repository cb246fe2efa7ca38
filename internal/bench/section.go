// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"
)

// Section is a table of the report.
type Section struct {
	Name    string
	Title   string
	About   string
	Columns []string // those between the first, which names the row, and the targets
	Rows    []Row
	Plots   []Plot
}

// Row is one measurement.
type Row struct {
	Name  string
	Cells []string
	Goal  Goal
}

// Goal is what a figure should be at most, or at least. The zero value is no goal.
type Goal struct {
	Got, Most float64
	Least     bool   // Most is the least, instead
	Unit      string // "×", "ms" or "MB"
}

func atMost(got, most float64, unit string) Goal { return Goal{Got: got, Most: most, Unit: unit} }

func atLeast(got, least float64, unit string) Goal {
	return Goal{Got: got, Most: least, Least: true, Unit: unit}
}

// rounded is the figure as it is shown, so that what reads as equal is.
func (g Goal) rounded() float64 { return math.Round(g.Got*100) / 100 }

func (g Goal) reached() bool {
	return g.Most == 0 || g.Least && g.rounded() >= g.Most || !g.Least && g.rounded() <= g.Most
}

func (g Goal) text() string {
	if g.Most == 0 {
		return "–"
	}
	sign := "≤ "
	if g.Least {
		sign = "≥ "
	}
	return sign + trim(g.Most) + unit(g.Unit)
}

func (g Goal) verdict() string {
	switch {
	case g.Most == 0:
		return "–"
	case g.reached():
		return "yes"
	}
	if g.Least {
		return fmt.Sprintf("**no**, %.0f %% under", math.Max(1, (1-g.Got/g.Most)*100))
	}
	return fmt.Sprintf("**no**, %.0f %% over", math.Max(1, (g.Got/g.Most-1)*100))
}

func unit(u string) string {
	if u == "×" {
		return u
	}
	return " " + u
}

func trim(f float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", f), "0"), ".")
}

func times(r float64) string { return fmt.Sprintf("%.2f×", r) }

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// show writes a duration with three digits or so.
func show(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d >= 100*time.Millisecond:
		return fmt.Sprintf("%.0f ms", milliseconds(d))
	case d >= 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", milliseconds(d))
	case d >= time.Millisecond:
		return fmt.Sprintf("%.2f ms", milliseconds(d))
	}
	return fmt.Sprintf("%.2f µs", float64(d)/float64(time.Microsecond))
}

// writeSection writes a Markdown table.
func writeSection(w io.Writer, s Section) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n%s\n\n", s.Title, s.About)
	columns := append(append([]string{""}, s.Columns...), "target", "reached")
	fmt.Fprintf(&b, "| %s |\n|%s%s\n", strings.Join(columns, " | "), " --- |", strings.Repeat(" ---: |", len(columns)-1))
	for _, r := range s.Rows {
		cells := append(append([]string{r.Name}, r.Cells...), r.Goal.text(), r.Goal.verdict())
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
	}
	for _, p := range s.Plots {
		fmt.Fprintf(&b, "\n![%s](%s/%s.svg)\n", p.Title, plots, p.Name)
	}
	b.WriteString("\n")
	_, err := io.WriteString(w, b.String())
	return err
}

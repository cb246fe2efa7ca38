// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"html"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Plot is a bar chart of durations, shorter is better.
type Plot struct {
	Name  string // of the file, without .svg
	Title string
	Bars  []Bar
}

// Bar is one of them.
type Bar struct {
	Name  string
	Value time.Duration
}

// The measures of a chart, in pixels.
const (
	plotWidth  = 720
	plotNames  = 210 // to the left of the bars
	plotLabels = 90  // to the right of the longest
	plotBar    = 24
	plotHead   = 40
)

// ours are the bars that stand out.
const ours = "sandbox"

// svg draws a chart. Its colours are to be read on white and on black.
func (p Plot) svg() string {
	longest := time.Duration(1)
	for _, b := range p.Bars {
		longest = max(longest, b.Value)
	}
	height := plotHead + plotBar*len(p.Bars) + 10
	var s strings.Builder
	fmt.Fprintf(&s, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" font-family="sans-serif" font-size="13" role="img" aria-label="%s">`+"\n", plotWidth, height, html.EscapeString(p.Title))
	fmt.Fprintf(&s, `<rect width="100%%" height="100%%" fill="#ffffff"/>`+"\n")
	fmt.Fprintf(&s, `<text x="10" y="24" font-size="15" fill="#1f2328">%s (shorter is better)</text>`+"\n", html.EscapeString(p.Title))
	for i, b := range p.Bars {
		y := plotHead + plotBar*i
		width := float64(plotWidth-plotNames-plotLabels) * float64(b.Value) / float64(longest)
		colour := "#8c959f"
		if strings.HasPrefix(b.Name, ours) {
			colour = "#0969da"
		}
		fmt.Fprintf(&s, `<text x="%d" y="%d" text-anchor="end" fill="#1f2328">%s</text>`+"\n", plotNames-8, y+plotBar-8, html.EscapeString(b.Name))
		fmt.Fprintf(&s, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n", plotNames, y+3, max(width, 1), plotBar-6, colour)
		fmt.Fprintf(&s, `<text x="%.1f" y="%d" fill="#1f2328">%s</text>`+"\n", plotNames+max(width, 1)+6, y+plotBar-8, html.EscapeString(show(b.Value)))
	}
	s.WriteString("</svg>\n")
	return s.String()
}

// plots is the directory of the charts, beside the file that shows them.
const plots = "plots"

// writePlots writes the charts of sections for a file.
func writePlots(beside string, sections []Section) error {
	dir := filepath.Join(filepath.Dir(beside), plots)
	for _, s := range sections {
		for _, p := range s.Plots {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(dir, p.Name+".svg"), []byte(p.svg()), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// SPDX-License-Identifier: MIT

package patch

import (
	"strconv"
	"strings"
)

// hunk is a part of a file in which lines differ, with what surrounds them.
type hunk struct {
	from, fromCount int // the first line, from 1, and how many, in the old file
	to, toCount     int
	lines           []line
}

// line is one line with what becomes of it: ' ', '-' or '+'.
type line struct {
	mark byte
	text string // with its newline, if it has one
}

// hunks compares two texts line by line.
func hunks(before, after string, context int) []hunk {
	if before == after {
		return nil
	}
	a, b := split(before), split(after)
	var list []hunk
	var h *hunk
	at := 0 // lines of a that are written or passed over
	for _, e := range edits(a, b) {
		if h == nil || e.from-at > 2*context {
			if h != nil {
				h.keep(a[at:min(at+context, len(a))])
			}
			list = append(list, hunk{})
			h = &list[len(list)-1]
			start := max(e.from-context, at)
			h.from, h.to = start+1, e.to-(e.from-start)+1
			at = start
		}
		h.keep(a[at:e.from])
		for _, text := range a[e.from:e.fromEnd] {
			h.lines = append(h.lines, line{'-', text})
			h.fromCount++
		}
		for _, text := range b[e.to:e.toEnd] {
			h.lines = append(h.lines, line{'+', text})
			h.toCount++
		}
		at = e.fromEnd
	}
	h.keep(a[at:min(at+context, len(a))])
	return list
}

// keep adds lines that are the same on both sides.
func (h *hunk) keep(lines []string) {
	for _, text := range lines {
		h.lines = append(h.lines, line{' ', text})
	}
	h.fromCount += len(lines)
	h.toCount += len(lines)
}

func (h *hunk) write(b *strings.Builder) {
	b.WriteString("@@ -")
	writeRange(b, h.from, h.fromCount)
	b.WriteString(" +")
	writeRange(b, h.to, h.toCount)
	b.WriteString(" @@\n")
	for _, l := range h.lines {
		b.WriteByte(l.mark)
		b.WriteString(l.text)
		if !strings.HasSuffix(l.text, "\n") {
			b.WriteString("\n\\ No newline at end of file\n")
		}
	}
}

// writeRange writes which lines a hunk is about. An empty range is named by
// the line before it.
func writeRange(b *strings.Builder, first, count int) {
	if count == 0 {
		first--
	}
	b.WriteString(strconv.Itoa(first))
	if count != 1 {
		b.WriteByte(',')
		b.WriteString(strconv.Itoa(count))
	}
}

// split cuts a text into lines, each with its newline.
func split(text string) []string {
	if text == "" {
		return nil
	}
	lines := make([]string, 0, strings.Count(text, "\n")+1)
	for l := range strings.Lines(text) {
		lines = append(lines, l)
	}
	return lines
}

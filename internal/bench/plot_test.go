// SPDX-License-Identifier: MIT

package main

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"time"
)

func TestPlotIsXML(t *testing.T) {
	p := Plot{Name: "x", Title: `a "title" & <more>`, Bars: []Bar{{"sandbox, standing", 2 * time.Millisecond}, {"<b>", 0}, {"docker", time.Second}}}
	svg := p.svg()
	rects := 0
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "rect" {
			rects++
		}
	}
	if rects != len(p.Bars)+1 || !strings.Contains(svg, "1.00 s") || !strings.Contains(svg, "&lt;b&gt;") {
		t.Errorf("%d rectangles in\n%s", rects, svg)
	}
}

func TestGoals(t *testing.T) {
	for _, c := range []struct {
		goal    Goal
		text    string
		reached bool
	}{
		{Goal{}, "–", true},
		{atMost(1.2, 1.3, "×"), "≤ 1.3×", true},
		{atMost(1.4, 1.3, "×"), "≤ 1.3×", false},
		{atLeast(0.6, 0.5, "×"), "≥ 0.5×", true},
		{atLeast(100, 200, "a second"), "≥ 200 a second", false},
	} {
		if c.goal.text() != c.text || c.goal.reached() != c.reached {
			t.Errorf("%+v: %q, %v", c.goal, c.goal.text(), c.goal.reached())
		}
	}
}

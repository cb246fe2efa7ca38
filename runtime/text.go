// SPDX-License-Identifier: MIT

package runtime

import (
	"fmt"
	"strings"
)

// textWidth is where lines of the report are broken.
const textWidth = 100

// String writes the report for a person to read, in lines. Each line of a
// feature or guarantee begins with "yes", "no" for what is missing and not
// required, or "NO" for what sandboxes cannot do without.
func (r *Report) String() string {
	var b strings.Builder
	r.machine(&b)
	b.WriteByte('\n')
	if err := r.Err(); err != nil {
		b.WriteString("Sandboxes cannot run here.\n")
	} else {
		b.WriteString("Sandboxes can run here.\n")
	}
	b.WriteString("\nFeatures\n")
	for _, f := range r.Features {
		f.write(&b)
	}
	if len(r.Guarantees) > 0 {
		b.WriteString("\nGuarantees\n")
	}
	for _, g := range r.Guarantees {
		g.write(&b)
	}
	return b.String()
}

func (r *Report) machine(b *strings.Builder) {
	m := &r.Machine
	fmt.Fprintf(b, "%s %s %s, user %d", m.OS, m.Kernel, m.Arch, m.UID)
	if m.Container != "" {
		fmt.Fprintf(b, ", in a container (%s)", m.Container)
	}
	if m.Label != "" && m.Label != "unconfined" {
		fmt.Fprintf(b, ", confined as %q", m.Label)
	}
	if m.Cgroups != "" {
		fmt.Fprintf(b, ", cgroups %s", m.Cgroups)
	}
	b.WriteByte('\n')
}

func (f *Feature) write(b *strings.Builder) {
	mark := "yes"
	switch {
	case !f.Available && f.Required:
		mark = "NO"
	case !f.Available:
		mark = "no"
	}
	what := f.Purpose
	if f.Detail != "" {
		what += " (" + f.Detail + ")"
	}
	line(b, fmt.Sprintf("  %-4s %-20s ", mark, f.Name), what)
	if f.Available {
		return
	}
	const indent = "       "
	line(b, indent+"missing: ", f.Missing)
	if !strings.HasPrefix(f.Remedy, "see ") { // which says no more
		line(b, indent+"remedy:  ", f.Remedy)
	}
}

func (g *Guarantee) write(b *strings.Builder) {
	if g.Holds {
		line(b, "  yes  ", g.What+" ("+strings.Join(g.By, ", ")+")")
		return
	}
	line(b, "  no   ", g.What+" (missing: "+strings.Join(g.Missing, ", ")+")")
}

// line writes words after a prefix, broken where they would get too long and
// indented as deep as the prefix.
func line(b *strings.Builder, prefix, words string) {
	b.WriteString(prefix)
	at := len(prefix)
	for i, w := range strings.Fields(words) {
		switch {
		case i == 0:
		case at+1+len(w) > textWidth:
			b.WriteString("\n" + strings.Repeat(" ", len(prefix)))
			at = len(prefix)
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(w)
		at += len(w)
	}
	b.WriteByte('\n')
}

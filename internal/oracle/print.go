// SPDX-License-Identifier: MIT

package oracle

import (
	"fmt"
	"strings"

	"github.com/sandbox-rls/sandbox/fsguard"
)

// GoString is the case as an element of a table of cases.
func (c Case) GoString() string {
	var b strings.Builder
	b.WriteString("{\n")
	if c.Prefix != "" {
		fmt.Fprintf(&b, "\tPrefix: %q,\n", c.Prefix)
	}
	section(&b, "Tree: []Source", c.Tree, goSource)
	section(&b, "Rules: []fsguard.Rule", c.Rules, goRule)
	section(&b, "Ops: []Op", c.Ops, goOp)
	b.WriteString("},\n")
	return b.String()
}

func section[T any](b *strings.Builder, title string, all []T, render func(T) string) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(b, "\t%s{\n", title)
	for _, one := range all {
		fmt.Fprintf(b, "\t\t%s,\n", render(one))
	}
	b.WriteString("\t},\n")
}

func goSource(s Source) string {
	out := fmt.Sprintf("{Path: %q, Kind: %s, Mode: %#o", s.Path, [...]string{"Dir", "File", "Symlink", "HardLink"}[s.Kind], s.Mode)
	if s.Data != "" {
		out += fmt.Sprintf(", Data: %q", s.Data)
	}
	return out + "}"
}

func goRule(r fsguard.Rule) string {
	out := fmt.Sprintf("{Pattern: %q, Permission: fsguard.%s", r.Pattern, [...]string{"None", "View", "Read", "Write"}[r.Permission])
	switch r.Type {
	case fsguard.File:
		out += ", Type: fsguard.File"
	case fsguard.Directory:
		out += ", Type: fsguard.Directory"
	}
	if r.Priority != 0 {
		out += fmt.Sprintf(", Priority: %d", r.Priority)
	}
	return out + "}"
}

func goOp(o Op) string {
	var b strings.Builder
	fmt.Fprintf(&b, "{Call: %q", o.Call)
	for _, f := range []struct{ name, value string }{
		{"Path", o.Path}, {"To", o.To}, {"Name", o.Name}, {"Dir", o.Dir}, {"FD", o.FD}, {"As", o.As},
	} {
		if f.value != "" {
			fmt.Fprintf(&b, ", %s: %q", f.name, f.value)
		}
	}
	var flags []string
	for i, name := range flagNames {
		if o.Flag&(1<<i) != 0 {
			flags = append(flags, name)
		}
	}
	if flags != nil {
		b.WriteString(", Flag: " + strings.Join(flags, " | "))
	}
	if o.Mode != 0 {
		fmt.Fprintf(&b, ", Mode: %#o", o.Mode)
	}
	if o.Size != 0 {
		fmt.Fprintf(&b, ", Size: %d", o.Size)
	}
	if o.Proc != 0 {
		fmt.Fprintf(&b, ", Proc: %d", o.Proc)
	}
	return b.String() + "}"
}

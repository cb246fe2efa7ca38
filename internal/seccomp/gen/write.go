// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// operators are the names of the comparisons in package seccomp. A masked one
// is an Equal whose mask is not all ones.
var operators = map[specs.LinuxSeccompOperator]string{
	specs.OpEqualTo:      "Equal",
	specs.OpNotEqual:     "NotEqual",
	specs.OpLessThan:     "Less",
	specs.OpLessEqual:    "LessEqual",
	specs.OpGreaterThan:  "Greater",
	specs.OpGreaterEqual: "GreaterEqual",
	specs.OpMaskedEqual:  "Equal",
}

func writeProfile(t target, rules map[string]*outcome) *bytes.Buffer {
	var b bytes.Buffer
	var allowed, refused, others []string
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		switch o := rules[name]; {
		case o.refused:
			refused = append(refused, name)
		case o.always && o.errno == 0:
			allowed = append(allowed, name)
		default:
			others = append(others, name)
		}
	}
	fmt.Fprintf(&b, "// docker%s is Docker's default profile for a process without capabilities.\n", t.ident)
	fmt.Fprintf(&b, "var docker%s = dockerProfile{\n", t.ident)
	writeNames(&b, "allowed", allowed)
	writeNames(&b, "refused", refused)
	b.WriteString("rules: []rule{\n")
	for _, name := range others {
		writeRule(&b, name, rules[name])
	}
	b.WriteString("},\n}\n")
	return &b
}

func writeNames(b *bytes.Buffer, field string, names []string) {
	fmt.Fprintf(b, "%s: []string{\n", field)
	for _, name := range names {
		fmt.Fprintf(b, "%q,\n", name)
	}
	b.WriteString("},\n")
}

func writeRule(b *bytes.Buffer, name string, o *outcome) {
	fmt.Fprintf(b, "{names: []string{%q}, verdict: Verdict{\n", name)
	defer b.WriteString("}},\n")
	if o.always {
		fmt.Fprintf(b, "Otherwise: Action{Class: Deny, Errno: %d},\n", o.errno)
		return
	}
	b.WriteString("Clauses: []Clause{\n")
	for _, args := range o.allowIf {
		b.WriteString("{If: []Test{")
		for _, a := range args {
			mask, value := ^uint64(0), a.Value
			if a.Op == specs.OpMaskedEqual { // there the value is the mask
				mask, value = a.Value, a.ValueTwo
			}
			fmt.Fprintf(b, "{Arg: %d, Op: %s, Mask: %#x, Value: %#x},", a.Index, operators[a.Op], mask, value)
		}
		b.WriteString("}, Then: Action{Class: Allow}},\n")
	}
	fmt.Fprintf(b, "},\nOtherwise: Action{Class: Deny, Errno: %d},\n", eperm)
}

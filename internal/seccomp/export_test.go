// SPDX-License-Identifier: MIT

package seccomp

import "slices"

// EmitVerdict compiles one verdict alone.
func EmitVerdict(v Verdict) (Program, error) { return emitVerdict(v) }

// Docker returns what Docker's profile alone says of a name.
func Docker(a Arch, name string) Verdict {
	desc, _ := lookupABI(a)
	if slices.Contains(desc.base.allowed, name) {
		return Verdict{Otherwise: Action{Class: Allow}}
	}
	for _, r := range desc.base.rules {
		if r.names[0] == name {
			return r.verdict
		}
	}
	return Verdict{Otherwise: deny(EPERM)}
}

// WrittenByHand returns the names in the tables that are not generated, each as
// often as it occurs.
func WrittenByHand() []string {
	var names []string
	for _, table := range [][]rule{additions, refusals(), restrictions(), traps()} {
		for _, r := range table {
			names = append(names, r.names...)
		}
	}
	return names
}

// Added returns the names in the table of additions.
func Added() []string {
	var names []string
	for _, r := range additions {
		names = append(names, r.names...)
	}
	return names
}

// Search compiles a search over verdicts that start at given numbers.
func Search(first []uint32, verdicts []Verdict) (Program, error) {
	spans := make([]span, len(first))
	for i, v := range verdicts {
		code, err := emitVerdict(v)
		if err != nil {
			return nil, err
		}
		spans[i] = span{first: first[i], code: code}
	}
	return append(Program{load(offNumber)}, search(spans)...), nil
}

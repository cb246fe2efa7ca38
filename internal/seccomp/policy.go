// SPDX-License-Identifier: MIT

package seccomp

import "sync"

// rule gives several system calls one verdict. A name that an architecture
// does not have is passed over there.
type rule struct {
	names   []string
	verdict Verdict
}

// dockerProfile is Docker's default profile as it applies to a process that
// holds no capability, on one architecture.
type dockerProfile struct {
	allowed []string // with any arguments
	refused []string // mentioned, but only for a capability: EPERM
	rules   []rule   // all else
}

// Classify returns what the policy says of a system call number. The second
// result is false if nobody classified it; the verdict is then ENOSYS, as it
// is for the numbers that are known to be unassigned.
func Classify(a Arch, nr uint32) (Verdict, bool) {
	unknown := Verdict{Otherwise: deny(ENOSYS)}
	desc, ok := lookupABI(a)
	if !ok {
		return unknown, false
	}
	if name := Name(a, nr); name != "" {
		if v, ok := policyOf(a)[name]; ok {
			return v, true
		}
		return unknown, false
	}
	for _, r := range desc.unassigned {
		if r.first <= nr && nr <= r.last {
			return unknown, true
		}
	}
	return unknown, false
}

// policyOf returns the verdicts by name. The maps are made once, on first use,
// and never changed.
func policyOf(a Arch) map[string]Verdict {
	switch a {
	case AMD64:
		return policyAMD64()
	case ARM64:
		return policyARM64()
	}
	return nil
}

var (
	policyAMD64 = sync.OnceValue(func() map[string]Verdict { return layer(dockerX8664) })
	policyARM64 = sync.OnceValue(func() map[string]Verdict { return layer(dockerAArch64) })
)

// layer puts the changes over the base. A later layer replaces the whole
// verdict of an earlier one, conditions included.
func layer(base dockerProfile) map[string]Verdict {
	policy := make(map[string]Verdict, 512)
	put := func(names []string, v Verdict) {
		for _, n := range names {
			policy[n] = v
		}
	}
	put(base.allowed, Verdict{Otherwise: Action{Class: Allow}})
	put(base.refused, Verdict{Otherwise: deny(EPERM)})
	for _, layer := range [][]rule{base.rules, additions, refusals(), restrictions(), traps()} {
		for _, r := range layer {
			put(r.names, r.verdict)
		}
	}
	return policy
}

// SPDX-License-Identifier: MIT

package seccomp

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Options says what program to build.
type Options struct {
	// Arch is the CPU to build for; zero is the one this program runs on.
	Arch Arch

	// Notify says that a supervisor listens: the program must then be loaded
	// with SECCOMP_FILTER_FLAG_NEW_LISTENER, or else each trapped call fails
	// with ENOSYS. Without it, what would be sent to the supervisor is allowed,
	// which is right where the file system itself is read-only.
	Notify bool
}

// Build returns the filter program. It is a pure function of the options. The
// error matches errors.ErrUnsupported if the policy does not know the CPU.
func Build(o Options) (Program, error) {
	if o.Arch == 0 {
		o.Arch = NativeArch()
	}
	desc, ok := lookupABI(o.Arch)
	if !ok {
		return nil, fmt.Errorf("building a seccomp filter for %v: %w", o.Arch, errors.ErrUnsupported)
	}
	spans, err := collect(o, uint32(len(desc.names)))
	if err != nil {
		return nil, fmt.Errorf("building a seccomp filter for %v: %w", o.Arch, err)
	}
	p := append(prologue(desc), search(spans)...)
	if len(p) > MaxInstructions {
		return nil, fmt.Errorf("building a seccomp filter for %v: %d instructions, the kernel takes %d", o.Arch, len(p), MaxInstructions)
	}
	return p, nil
}

// prologue refuses what came in through another ABI and leaves the number in A.
func prologue(desc abi) Program {
	refused := ret(deny(ENOSYS))
	p := Program{
		load(offArch),
		{Code: opEqual, Jt: 1, K: desc.audit},
		refused,
		load(offNumber),
	}
	if desc.x32 {
		const x32Bit = 1 << 30
		p = append(p, Instruction{Code: opLeast, Jf: 1, K: x32Bit}, refused)
	}
	return p
}

// span is a run of numbers that share one piece of code. It ends where the next
// one starts.
type span struct {
	first uint32
	code  []Instruction
}

// collect returns the spans of all numbers, the last of them without an end.
func collect(o Options, known uint32) ([]span, error) {
	var spans []span
	for nr := range known + 1 {
		v, _ := Classify(o.Arch, nr) // whatever nobody classified is ENOSYS
		if !o.Notify {
			v = withoutTraps(v)
		}
		code, err := emitVerdict(v)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", Name(o.Arch, nr), err)
		}
		if n := len(spans); n == 0 || !slices.Equal(spans[n-1].code, code) {
			spans = append(spans, span{first: nr, code: code})
		}
	}
	return spans, nil
}

// withoutTraps turns notifications into permission, and drops the clauses that
// then no longer matter.
func withoutTraps(v Verdict) Verdict {
	allow := func(a Action) Action {
		if a.Class == Notify {
			return Action{Class: Allow}
		}
		return a
	}
	out := Verdict{Otherwise: allow(v.Otherwise)}
	for _, c := range v.Clauses {
		out.Clauses = append(out.Clauses, Clause{If: c.If, Then: allow(c.Then)})
	}
	for n := len(out.Clauses); n > 0 && out.Clauses[n-1].Then == out.Otherwise; n-- {
		out.Clauses = out.Clauses[:n-1]
	}
	return out
}

// search returns a binary search for the span of the number in A. A conditional
// jump reaches 255 instructions; beyond that it goes around a long one.
func search(spans []span) []Instruction {
	if len(spans) == 1 {
		return spans[0].code
	}
	half := len(spans) / 2
	left, right := search(spans[:half]), search(spans[half:])
	branch := []Instruction{{Code: opLeast, K: spans[half].first}}
	if len(left) <= math.MaxUint8 {
		branch[0].Jt = uint8(len(left))
	} else {
		branch[0].Jf = 1
		branch = append(branch, Instruction{Code: opJump, K: uint32(len(left))})
	}
	return slices.Concat(branch, left, right)
}

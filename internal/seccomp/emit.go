// SPDX-License-Identifier: MIT

package seccomp

import (
	"fmt"
	"math"
	"slices"
)

// All code is built from the end backwards out of pieces that jump only forward
// and only within themselves or to their own end. A piece can therefore be put
// anywhere without fixing up its jumps.

// emitVerdict returns code that ends in a return on every road.
func emitVerdict(v Verdict) ([]Instruction, error) {
	code := []Instruction{ret(v.Otherwise)}
	for _, c := range slices.Backward(v.Clauses) {
		head, err := emitClause(c)
		if err != nil {
			return nil, err
		}
		code = append(head, code...)
	}
	return code, nil
}

// emitClause returns code that falls off its end if a test fails.
func emitClause(c Clause) ([]Instruction, error) {
	code := []Instruction{ret(c.Then)}
	for _, t := range slices.Backward(c.If) {
		head, err := emitTest(t, len(code))
		if err != nil {
			return nil, err
		}
		code = append(head, code...)
	}
	return code, nil
}

// target is where a jump inside a test leads.
type target uint8

const (
	next target = iota // the instruction after it
	pass               // the end of the test
	fail               // beyond the end, as far as the caller says
)

// step is an instruction whose jumps are not resolved yet.
type step struct {
	Instruction
	yes, no target
}

// emitTest returns code that falls off its end if the test holds, and skips
// another `skip` instructions if it does not.
func emitTest(t Test, skip int) ([]Instruction, error) {
	if t.Arg > 5 {
		return nil, fmt.Errorf("argument %d of a system call", t.Arg)
	}
	low, high, err := compare(t)
	if err != nil {
		return nil, err
	}
	off := uint32(offArgs + 8*int(t.Arg))
	var steps []step
	// Where the mask leaves nothing of the upper half there is nothing to see.
	if t.Mask>>32 != 0 || t.Value>>32 != 0 {
		steps = append(loadMasked(off+4, uint32(t.Mask>>32)), high...)
	}
	steps = append(steps, loadMasked(off, uint32(t.Mask))...)
	return resolve(append(steps, low...), skip)
}

func loadMasked(off, mask uint32) []step {
	s := []step{{Instruction: load(off)}}
	if mask != math.MaxUint32 {
		s = append(s, step{Instruction: Instruction{Code: opAnd, K: mask}})
	}
	return s
}

// compare returns the steps for each half once it is loaded. The high half goes
// first; it leads on to the low one only where it is equal.
func compare(t Test) (low, high []step, err error) {
	jump := func(code uint16, k uint64, yes, no target) step {
		return step{Instruction{Code: code, K: uint32(k)}, yes, no}
	}
	hi, lo := t.Value>>32, t.Value&low32
	yes, no := pass, fail
	switch t.Op {
	case NotEqual, Less, LessEqual: // each the opposite of one below
		yes, no = fail, pass
	}
	switch t.Op {
	case Equal, NotEqual:
		return []step{jump(opEqual, lo, yes, no)},
			[]step{jump(opEqual, hi, next, no)}, nil
	case Greater, LessEqual:
		low = []step{jump(opMore, lo, yes, no)}
	case GreaterEqual, Less:
		low = []step{jump(opLeast, lo, yes, no)}
	default:
		return nil, nil, fmt.Errorf("unknown comparison %v", t.Op)
	}
	return low, []step{jump(opMore, hi, yes, next), jump(opEqual, hi, next, no)}, nil
}

// resolve turns targets into distances.
func resolve(steps []step, skip int) ([]Instruction, error) {
	code := make([]Instruction, len(steps))
	for i, s := range steps {
		toEnd := len(steps) - i - 1
		distance := [...]int{next: 0, pass: toEnd, fail: toEnd + skip}
		if distance[fail] > math.MaxUint8 {
			return nil, fmt.Errorf("a clause of more than %d instructions", math.MaxUint8)
		}
		code[i] = s.Instruction
		code[i].Jt, code[i].Jf = uint8(distance[s.yes]), uint8(distance[s.no])
	}
	return code, nil
}

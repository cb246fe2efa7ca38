// SPDX-License-Identifier: MIT

package seccomp

import "fmt"

// Op is a comparison of unsigned numbers.
type Op uint8

const (
	Equal Op = iota
	NotEqual
	Less
	LessEqual
	Greater
	GreaterEqual
)

// String returns the operator as Go writes it.
func (o Op) String() string {
	names := [...]string{"==", "!=", "<", "<=", ">", ">="}
	if int(o) < len(names) {
		return names[o]
	}
	return fmt.Sprintf("Op(%d)", uint8(o))
}

// Test holds when (args[Arg] & Mask) Op Value, in 64 bits. Mask is applied as
// it stands, so a test without a mask has all bits set in it.
type Test struct {
	Arg   uint8 // 0 to 5
	Op    Op
	Mask  uint64
	Value uint64
}

// Masks for whole arguments. Where the kernel declares a parameter as int or
// unsigned int it ignores the upper half of the register, and so must the test:
// otherwise garbage there would hide the value from the filter.
const (
	all64 = ^uint64(0)
	low32 = uint64(0xffffffff)
)

// is tests a 32-bit parameter for a value.
func is(arg uint8, value uint32) Test {
	return Test{Arg: arg, Op: Equal, Mask: low32, Value: uint64(value)}
}

// isNot tests a 32-bit parameter for any other value.
func isNot(arg uint8, value uint32) Test {
	return Test{Arg: arg, Op: NotEqual, Mask: low32, Value: uint64(value)}
}

// hasAny tests a 32-bit parameter for at least one of some bits.
func hasAny(arg uint8, bits uint32) Test {
	return Test{Arg: arg, Op: NotEqual, Mask: uint64(bits), Value: 0}
}

// String returns the test as Go would write it.
func (t Test) String() string {
	switch t.Mask {
	case all64:
		return fmt.Sprintf("arg%d %s %#x", t.Arg, t.Op, t.Value)
	case low32:
		return fmt.Sprintf("int(arg%d) %s %#x", t.Arg, t.Op, t.Value)
	}
	return fmt.Sprintf("arg%d & %#x %s %#x", t.Arg, t.Mask, t.Op, t.Value)
}

// SPDX-License-Identifier: MIT

package seccomp_test

import (
	"encoding/binary"
	"testing"

	"github.com/sandbox-rls/sandbox/internal/seccomp"
	"golang.org/x/net/bpf"
)

var arches = []seccomp.Arch{seccomp.AMD64, seccomp.ARM64}

var auditWords = map[seccomp.Arch]uint32{
	seccomp.AMD64: 0xc000003e,
	seccomp.ARM64: 0xc00000b7,
}

// machine runs programs as the kernel would.
type machine struct{ vm *bpf.VM }

func newMachine(t testing.TB, p seccomp.Program) machine {
	t.Helper()
	ins := make([]bpf.Instruction, len(p))
	for i, in := range p {
		ins[i] = bpf.RawInstruction{Op: in.Code, Jt: in.Jt, Jf: in.Jf, K: in.K}.Disassemble()
	}
	vm, err := bpf.NewVM(ins)
	if err != nil {
		t.Fatalf("invalid program: %v", err)
	}
	return machine{vm}
}

// run returns the program's answer. The virtual machine loads words big-endian,
// so that is how struct seccomp_data is laid out here; which half of an
// argument comes first is as on a little-endian CPU.
func (m machine) run(t testing.TB, audit, nr uint32, args [6]uint64) uint32 {
	t.Helper()
	data := binary.BigEndian.AppendUint32(nil, nr)
	data = binary.BigEndian.AppendUint32(data, audit)
	data = append(data, make([]byte, 8)...) // instruction pointer
	for _, a := range args {
		data = binary.BigEndian.AppendUint32(data, uint32(a))
		data = binary.BigEndian.AppendUint32(data, uint32(a>>32))
	}
	answer, err := m.vm.Run(data)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(answer)
}

func build(t testing.TB, o seccomp.Options) seccomp.Program {
	t.Helper()
	p, err := seccomp.Build(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// decide is the obviously right evaluation of a verdict.
func decide(v seccomp.Verdict, args [6]uint64) seccomp.Action {
	for _, c := range v.Clauses {
		matches := true
		for _, test := range c.If {
			matches = matches && holds(test, args)
		}
		if matches {
			return c.Then
		}
	}
	return v.Otherwise
}

func holds(test seccomp.Test, args [6]uint64) bool {
	got := args[test.Arg] & test.Mask
	switch test.Op {
	case seccomp.Equal:
		return got == test.Value
	case seccomp.NotEqual:
		return got != test.Value
	case seccomp.Less:
		return got < test.Value
	case seccomp.LessEqual:
		return got <= test.Value
	case seccomp.Greater:
		return got > test.Value
	case seccomp.GreaterEqual:
		return got >= test.Value
	}
	panic("unknown comparison")
}

// answer is what the kernel wants to hear for an action.
func answer(a seccomp.Action, notify bool) uint32 {
	switch {
	case a.Class == seccomp.Notify && notify:
		return seccomp.RetUserNotif
	case a.Class == seccomp.Notify, a.Class == seccomp.Allow:
		return seccomp.RetAllow
	}
	return seccomp.RetErrno | uint32(a.Errno)
}

func number(t testing.TB, a seccomp.Arch, name string) uint32 {
	t.Helper()
	nr, ok := seccomp.Number(a, name)
	if !ok {
		t.Fatalf("%v has no %s", a, name)
	}
	return nr
}

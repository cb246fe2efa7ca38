// SPDX-License-Identifier: MIT

package seccomp_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/sandbox-rls/sandbox/internal/seccomp"
	"pgregory.net/rapid"
)

// eachProgram runs a test for every program that Build can make.
func eachProgram(t *testing.T, f func(t *testing.T, o seccomp.Options, p seccomp.Program)) {
	for _, a := range arches {
		for _, notify := range []bool{true, false} {
			o := seccomp.Options{Arch: a, Notify: notify}
			t.Run(fmt.Sprintf("%v/notify=%v", a, notify), func(t *testing.T) {
				f(t, o, build(t, o))
			})
		}
	}
}

func TestSize(t *testing.T) {
	eachProgram(t, func(t *testing.T, o seccomp.Options, p seccomp.Program) {
		t.Logf("%d instructions, at most %d on one road", len(p), longest(p))
		if len(p) > 1024 {
			t.Errorf("%d instructions: has the table stopped being merged?", len(p))
		}
		if got := longest(p); got > 64 {
			t.Errorf("%d instructions on one road: is the search still balanced?", got)
		}
		if len(p.Bytes()) != 8*len(p) {
			t.Errorf("%d bytes for %d instructions", len(p.Bytes()), len(p))
		}
	})
}

// longest returns the length of the longest road through a program. All jumps
// lead forward, so one pass from the end is enough.
func longest(p seccomp.Program) int {
	depth := make([]int, len(p))
	for i, in := range slices.Backward(p) {
		depth[i] = 1
		switch {
		case in.Code&7 == 6: // return
		case in.Code == 5: // jump always
			depth[i] += depth[i+1+int(in.K)]
		default: // the fields of a load are zero
			depth[i] += max(depth[i+1+int(in.Jt)], depth[i+1+int(in.Jf)])
		}
	}
	return depth[0]
}

func TestBytes(t *testing.T) {
	p := seccomp.Program{{Code: 0x0102, Jt: 3, Jf: 4, K: 0x05060708}}
	want := []byte{2, 1, 3, 4, 8, 7, 6, 5}
	if got := p.Bytes(); !bytes.Equal(got, want) {
		t.Errorf("Bytes() = %v, want %v", got, want)
	}
	if k := binary.LittleEndian.Uint32(p.Bytes()[4:]); k != p[0].K {
		t.Errorf("K = %#x", k)
	}
}

func TestUnknownArch(t *testing.T) {
	if _, err := seccomp.Build(seccomp.Options{Arch: 77}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Build = %v, want ErrUnsupported", err)
	}
}

func TestZeroArchIsNative(t *testing.T) {
	if seccomp.NativeArch() == 0 {
		t.Skip("not a CPU that the policy knows")
	}
	zero := build(t, seccomp.Options{})
	native := build(t, seccomp.Options{Arch: seccomp.NativeArch()})
	if !slices.Equal(zero, native) {
		t.Error("the zero Arch is not the native one")
	}
}

func TestForeignABI(t *testing.T) {
	const enosys = seccomp.RetErrno | 38
	eachProgram(t, func(t *testing.T, o seccomp.Options, p seccomp.Program) {
		m := newMachine(t, p)
		native := auditWords[o.Arch]
		foreign := []uint32{0, 0x40000003 /* i386 */, 0x40000028 /* arm */, 0xc00000f3 /* riscv64 */, native &^ (1 << 31), native ^ 1}
		for _, other := range arches {
			if other != o.Arch {
				foreign = append(foreign, auditWords[other])
			}
		}
		for nr := range uint32(600) {
			for _, audit := range foreign {
				if got := m.run(t, audit, nr, [6]uint64{}); got != enosys {
					t.Fatalf("number %d with architecture %#x: %#x", nr, audit, got)
				}
			}
			for _, bit := range []uint32{1 << 30, 1 << 31, 3 << 30} { // x32 is the first
				if got := m.run(t, native, nr|bit, [6]uint64{}); got != enosys {
					t.Fatalf("number %#x: %#x", nr|bit, got)
				}
			}
		}
	})
}

// TestEveryNumber compares program and table with arguments of zero, far beyond
// the last number too.
func TestEveryNumber(t *testing.T) {
	eachProgram(t, func(t *testing.T, o seccomp.Options, p seccomp.Program) {
		m := newMachine(t, p)
		for nr := range uint32(4096) {
			v, _ := seccomp.Classify(o.Arch, nr)
			want := answer(decide(v, [6]uint64{}), o.Notify)
			if got := m.run(t, auditWords[o.Arch], nr, [6]uint64{}); got != want {
				t.Errorf("%d %s: %#x, want %#x", nr, seccomp.Name(o.Arch, nr), got, want)
			}
		}
	})
}

// TestProgramAgreesWithTable is the same for arguments drawn around the values
// that the tables compare with.
func TestProgramAgreesWithTable(t *testing.T) {
	eachProgram(t, func(t *testing.T, o seccomp.Options, p seccomp.Program) {
		m := newMachine(t, p)
		conditional := []uint32{}
		for nr := range highest(o.Arch) + 1 {
			if v, _ := seccomp.Classify(o.Arch, nr); len(v.Clauses) > 0 {
				conditional = append(conditional, nr)
			}
		}
		rapid.Check(t, func(r *rapid.T) {
			nr := rapid.OneOf(rapid.SampledFrom(conditional), rapid.Uint32Range(0, 520), rapid.Uint32()).Draw(r, "nr")
			v, _ := seccomp.Classify(o.Arch, nr)
			args := drawArgs(r, v)
			want := answer(decide(v, args), o.Notify)
			if got := m.run(t, auditWords[o.Arch], nr, args); got != want {
				r.Fatalf("%s%#x: %#x, want %#x by %v", seccomp.Name(o.Arch, nr), args, got, want, v)
			}
		})
	})
}

// drawArgs draws arguments that are likely to meet a verdict's tests, or to
// miss them narrowly or in the upper half only.
func drawArgs(r *rapid.T, v seccomp.Verdict) [6]uint64 {
	var args [6]uint64
	for i := range args {
		args[i] = rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, 64)).Draw(r, "arg")
	}
	for _, c := range v.Clauses {
		if !rapid.Bool().Draw(r, "aim") {
			continue
		}
		for _, test := range c.If {
			a := test.Value&test.Mask | rapid.Uint64().Draw(r, "rest")&^test.Mask
			a += rapid.SampledFrom([]uint64{0, 0, 0, 1, ^uint64(0), 1 << 32}).Draw(r, "off")
			args[test.Arg] = a
		}
	}
	return args
}

// TestAnyVerdict compiles verdicts that no table holds.
func TestAnyVerdict(t *testing.T) {
	word := rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, 3),
		rapid.SampledFrom([]uint64{1<<32 - 1, 1 << 32, 1<<32 + 1, 1<<64 - 1, 0xffffffff00000000}))
	action := rapid.Custom(func(r *rapid.T) seccomp.Action {
		return seccomp.Action{
			Class: seccomp.Class(rapid.IntRange(0, 2).Draw(r, "class")),
			Errno: seccomp.Errno(rapid.IntRange(1, 4095).Draw(r, "errno")),
		}
	})
	test := rapid.Custom(func(r *rapid.T) seccomp.Test {
		return seccomp.Test{
			Arg:   rapid.Uint8Range(0, 5).Draw(r, "index"),
			Op:    seccomp.Op(rapid.IntRange(0, 5).Draw(r, "op")),
			Mask:  word.Draw(r, "mask"),
			Value: word.Draw(r, "value"),
		}
	})
	clause := rapid.Custom(func(r *rapid.T) seccomp.Clause {
		return seccomp.Clause{If: rapid.SliceOfN(test, 0, 4).Draw(r, "if"), Then: action.Draw(r, "then")}
	})
	rapid.Check(t, func(r *rapid.T) {
		v := seccomp.Verdict{
			Clauses:   rapid.SliceOfN(clause, 0, 6).Draw(r, "clauses"),
			Otherwise: action.Draw(r, "otherwise"),
		}
		p, err := seccomp.EmitVerdict(v)
		if err != nil {
			r.Fatal(err)
		}
		args := drawArgs(r, v)
		got := newMachine(t, p).run(t, 0, 0, args)
		if want := answer(decide(v, args), true); got != want {
			r.Fatalf("%v with %#x: %#x, want %#x", v, args, got, want)
		}
	})
}

func TestInvalidVerdicts(t *testing.T) {
	long := seccomp.Clause{If: slices.Repeat([]seccomp.Test{{Mask: 1}}, 100)}
	for _, c := range []seccomp.Clause{
		long,
		{If: []seccomp.Test{{Arg: 6}}},
		{If: []seccomp.Test{{Op: 6}}},
	} {
		if _, err := seccomp.EmitVerdict(seccomp.Verdict{Clauses: []seccomp.Clause{c}}); err == nil {
			t.Errorf("compiled %v", c)
		}
	}
}

// A denial without an errno must not become a call that seems to succeed.
func TestZeroVerdict(t *testing.T) {
	p, err := seccomp.EmitVerdict(seccomp.Verdict{})
	if err != nil {
		t.Fatal(err)
	}
	if want := seccomp.RetErrno | 38; p[0].K != want {
		t.Errorf("%#x, want %#x", p[0].K, want)
	}
}

func BenchmarkBuild(b *testing.B) {
	for b.Loop() {
		build(b, seccomp.Options{Arch: seccomp.AMD64, Notify: true})
	}
}

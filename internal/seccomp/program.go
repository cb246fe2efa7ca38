// SPDX-License-Identifier: MIT

package seccomp

import "encoding/binary"

// What a program returns to the kernel (seccomp(2), "Filters").
const (
	RetErrno     uint32 = 0x00050000 // SECCOMP_RET_ERRNO; the errno is in the low 16 bits
	RetUserNotif uint32 = 0x7fc00000 // SECCOMP_RET_USER_NOTIF
	RetAllow     uint32 = 0x7fff0000 // SECCOMP_RET_ALLOW
)

// MaxInstructions is the most that the kernel accepts (BPF_MAXINSNS).
const MaxInstructions = 4096

// Instruction is one classic BPF instruction: struct sock_filter.
type Instruction struct {
	Code   uint16
	Jt, Jf uint8 // instructions to skip if a test holds, or fails
	K      uint32
}

// instructionSize is that of struct sock_filter.
const instructionSize = 8

// Program is a filter for seccomp(2).
type Program []Instruction

// Bytes returns the program as an array of struct sock_filter, in the byte
// order of every [Arch], which is little-endian.
func (p Program) Bytes() []byte {
	b := make([]byte, 0, len(p)*instructionSize)
	for _, ins := range p {
		b = binary.LittleEndian.AppendUint16(b, ins.Code)
		b = append(b, ins.Jt, ins.Jf)
		b = binary.LittleEndian.AppendUint32(b, ins.K)
	}
	return b
}

// The opcodes used, as linux/bpf_common.h combines them. The kernel remembers
// a system call as always allowed, and then skips the program, if the road to
// the answer loads only the number and the architecture and uses only these.
const (
	opLoad  = 0x20 // BPF_LD | BPF_W | BPF_ABS: A = the word at K of seccomp_data
	opAnd   = 0x54 // BPF_ALU | BPF_AND | BPF_K
	opJump  = 0x05 // BPF_JMP | BPF_JA: skip K instructions
	opEqual = 0x15 // BPF_JMP | BPF_JEQ | BPF_K
	opMore  = 0x25 // BPF_JMP | BPF_JGT | BPF_K
	opLeast = 0x35 // BPF_JMP | BPF_JGE | BPF_K
	opRet   = 0x06 // BPF_RET | BPF_K
)

// Offsets in struct seccomp_data.
const (
	offNumber = 0
	offArch   = 4
	offArgs   = 16 // six of 64 bits, low half first
)

func load(off uint32) Instruction { return Instruction{Code: opLoad, K: off} }

func ret(a Action) Instruction {
	k := RetErrno | uint32(a.errno())
	switch a.Class {
	case Allow:
		k = RetAllow
	case Notify:
		k = RetUserNotif
	}
	return Instruction{Code: opRet, K: k}
}

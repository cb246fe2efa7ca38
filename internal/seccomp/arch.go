// SPDX-License-Identifier: MIT

package seccomp

import (
	"fmt"
	"runtime"
)

// Arch is a CPU architecture with its native system call ABI.
type Arch uint8

// The architectures whose system calls are classified. Both are little-endian
// and 64 bits wide, which the compiler relies on.
const (
	AMD64 Arch = iota + 1
	ARM64
)

// NativeArch returns the architecture this program was built for, or zero if
// it is not one of those above.
func NativeArch() Arch {
	switch runtime.GOARCH {
	case "amd64":
		return AMD64
	case "arm64":
		return ARM64
	}
	return 0
}

// String returns Go's name of the architecture.
func (a Arch) String() string {
	switch a {
	case AMD64:
		return "amd64"
	case ARM64:
		return "arm64"
	}
	return fmt.Sprintf("Arch(%d)", uint8(a))
}

// abi is all that differs between architectures.
type abi struct {
	audit uint32   // AUDIT_ARCH_* in seccomp_data.arch
	names []string // by number; empty where the kernel assigns none
	base  dockerProfile

	// unassigned lists the numbers that are known to belong to nothing, both
	// ends included. The last one leaves room for growth: a number that gets
	// a name needs a verdict by that name, wherever it lies.
	unassigned []numberRange

	// x32 says that numbers with bit 30 set belong to a second ABI that has
	// the same audit word.
	x32 bool
}

type numberRange struct{ first, last uint32 }

func lookupABI(a Arch) (abi, bool) {
	switch a {
	case AMD64:
		return abi{
			audit:      0xc000003e, // AUDIT_ARCH_X86_64
			names:      numbersX8664[:],
			base:       dockerX8664,
			unassigned: []numberRange{{337, 423}, {472, 511}},
			x32:        true,
		}, true
	case ARM64:
		return abi{
			audit:      0xc00000b7, // AUDIT_ARCH_AARCH64
			names:      numbersAArch64[:],
			base:       dockerAArch64,
			unassigned: []numberRange{{245, 259}, {295, 423}, {472, 511}},
		}, true
	}
	return abi{}, false
}

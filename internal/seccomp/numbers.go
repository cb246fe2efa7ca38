// SPDX-License-Identifier: MIT

package seccomp

import "sync"

// Name returns the kernel's name of a system call, or "" for a number that has
// none.
func Name(a Arch, nr uint32) string {
	desc, ok := lookupABI(a)
	if !ok || uint64(nr) >= uint64(len(desc.names)) {
		return ""
	}
	return desc.names[nr]
}

// Number returns the number of a system call; false if the architecture does
// not have it.
func Number(a Arch, name string) (uint32, bool) {
	var nr uint32
	var ok bool
	switch a {
	case AMD64:
		nr, ok = byNameAMD64()[name]
	case ARM64:
		nr, ok = byNameARM64()[name]
	}
	return nr, ok
}

var (
	byNameAMD64 = sync.OnceValue(func() map[string]uint32 { return byName(numbersX8664[:]) })
	byNameARM64 = sync.OnceValue(func() map[string]uint32 { return byName(numbersAArch64[:]) })
)

func byName(names []string) map[string]uint32 {
	m := make(map[string]uint32, len(names))
	for nr, name := range names {
		if name != "" {
			m[name] = uint32(nr)
		}
	}
	return m
}

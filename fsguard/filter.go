// SPDX-License-Identifier: MIT

package fsguard

import (
	"sync"

	"github.com/sandbox-rls/sandbox/internal/seccomp"
)

// Filter returns the seccomp program of a sandbox for this machine, 8 bytes an
// instruction. With notify it asks a listener about everything that would
// change a file by its name; without, the read-only mount refuses all of that.
func Filter(notify bool) ([]byte, error) {
	if notify {
		return notifying()
	}
	return refusing()
}

var (
	notifying = sync.OnceValues(func() ([]byte, error) { return build(true) })
	refusing  = sync.OnceValues(func() ([]byte, error) { return build(false) })
)

func build(notify bool) ([]byte, error) {
	p, err := seccomp.Build(seccomp.Options{Arch: seccomp.NativeArch(), Notify: notify})
	if err != nil {
		return nil, err
	}
	return p.Bytes(), nil
}

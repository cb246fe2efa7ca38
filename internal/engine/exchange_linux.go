// SPDX-License-Identifier: MIT

package engine

import (
	"os"

	"golang.org/x/sys/unix"
)

// exchange exchanges two names at once (renameat2(2)), so that neither is ever
// missing.
func exchange(a, b string) error {
	if err := unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE); err != nil {
		return &os.LinkError{Op: "exchange", Old: a, New: b, Err: err}
	}
	return nil
}

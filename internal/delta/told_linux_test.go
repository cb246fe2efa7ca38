// SPDX-License-Identifier: MIT

package delta

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

// TestErrorsAreTold has so many errors of one kind that not all are kept: those of
// another kind are all the same.
func TestErrorsAreTold(t *testing.T) {
	c := collector{told: map[unix.Errno]int{}}
	for range 2 * maxErrors {
		c.fail("readdir", "/deep", unix.ENAMETOOLONG)
	}
	c.fail("readdir", "/broken", unix.EIO)
	if len(c.errors) != maxErrors+1 || !errors.Is(errors.Join(c.errors...), unix.EIO) {
		t.Errorf("%d errors, the last one %v", len(c.errors), c.errors[len(c.errors)-1])
	}
}

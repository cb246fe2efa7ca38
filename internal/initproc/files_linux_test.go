// SPDX-License-Identifier: MIT

package initproc

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestCommandFiles(t *testing.T) {
	for _, c := range []struct {
		name         string
		own, granted uint64
		soft, hard   uint64
	}{
		{"the init has much more", 1 << 20, 20000, 1024, 20000},
		{"the init has as much", 20000, 20000, 1024, 10000},
		{"a container's", 1 << 20, 0, 1024, 1 << 19},
		{"few", 1024, 1024, 512, 512},
		{"as many as can be counted", unix.RLIM_INFINITY, unix.RLIM_INFINITY, 1024, unix.RLIM_INFINITY / 2},
	} {
		if got, want := commandFiles(c.own, c.granted), (unix.Rlimit{Cur: c.soft, Max: c.hard}); got != want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, want)
		}
	}
}

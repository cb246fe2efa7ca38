// SPDX-License-Identifier: MIT

package initproc

import "testing"

func TestShareOf(t *testing.T) {
	for host, want := range map[int]int{128: 64, 8192: 4096, 33: 16, 20: 16, 16: 16, 8: 8, 0: 0} {
		if got := shareOf(host); got != want {
			t.Errorf("of %d: got %d, want %d", host, got, want)
		}
	}
}

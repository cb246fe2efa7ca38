// SPDX-License-Identifier: MIT

package idrange_test

import (
	"testing"

	"github.com/sandbox-rls/sandbox/internal/idrange"
)

func TestInMap(t *testing.T) {
	for _, c := range []struct {
		name, uidMap string
		want         bool
	}{
		{"the host", "         0          0 4294967295\n", true},
		{"a rootless container", "         0       1000          1\n         1     100000      65536\n", false},
		{"exactly the range", "1879048192 5 65536\n", true},
		{"one number short", "1879048192 5 65535\n", false},
		{"begins too late", "1879048193 5 65536\n", false},
		{"the second line", "0 1000 1\n1879048192 1879048192 65536\n", true},
		{"nothing", "", false},
		{"no numbers", "a b c\n0 0\n", false},
	} {
		if got := idrange.InMap(c.uidMap); got != c.want {
			t.Errorf("%s: got %v", c.name, got)
		}
	}
}

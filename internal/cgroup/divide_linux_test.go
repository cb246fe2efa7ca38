// SPDX-License-Identifier: MIT

package cgroup

import (
	"testing"

	"github.com/sandbox-rls/sandbox/runtime"
)

func TestDivideCPU(t *testing.T) {
	for _, c := range [][5]int64{ // cpu, user and system as they were counted, and as they are told
		{100, 60, 40, 60, 40},
		{100, 150, 50, 75, 25},
		{100, 0, 0, 100, 0},
		{320525714, 379959844, 0, 320525714, 0},
		{0, 5, 5, 0, 0},
		{1 << 61, 1 << 61, 1 << 61, 1 << 60, 1 << 60},
	} {
		u := runtime.Usage{}
		for i, d := range []*int64{(*int64)(&u.CPU), (*int64)(&u.CPUUser), (*int64)(&u.CPUSystem)} {
			*d = c[i]
		}
		if divideCPU(&u); int64(u.CPUUser) != c[3] || int64(u.CPUSystem) != c[4] {
			t.Errorf("of %d: %+v", c[:3], u)
		}
	}
}

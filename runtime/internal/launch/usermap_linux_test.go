// SPDX-License-Identifier: MIT

package launch

import (
	"testing"

	"github.com/sandbox-rls/sandbox/internal/control"
	"github.com/sandbox-rls/sandbox/internal/idrange"
	"github.com/sandbox-rls/sandbox/runtime"
)

// at is what a map makes of a number; -1: nothing.
func at(maps []control.IDMap, id int) int {
	for _, m := range maps {
		if n := id - int(m.Inside); n >= 0 && n < int(m.Count) {
			return int(m.Outside) + n
		}
	}
	return -1
}

func TestUserMap(t *testing.T) {
	const base = idrange.Base
	own := func(uid, shift int) UserMap {
		return NewUserMap(runtime.User{Owner: runtime.Owner{UID: uid + shift, GID: uid + shift}, Shift: shift}, nil)
	}
	from := func(owner, uid int) UserMap {
		return NewUserMap(runtime.User{Owner: runtime.Owner{UID: uid, GID: uid}}, &runtime.Owner{UID: owner, GID: owner})
	}
	for _, tc := range []struct {
		name     string
		m        UserMap
		from, to int
	}{
		{"root", own(0, 0), base + 1000, 0},
		{"exchanged", own(0, 0), base, 1000},
		{"another", own(0, 0), base + 33, 33},
		{"the last", own(0, 0), base + 65535, 65535},
		{"past it", own(0, 0), base + 65536, -1},
		{"before it", own(0, 0), 0, -1},
		{"the same", own(1000, 0), base + 1000, 1000},
		{"the last user", own(65535, 0), base + 1000, 65535},
		{"remapped", own(0, 100000), base + 1000, 100000},
		{"remapped another", own(0, 100000), base + 5, 100005},
		{"root's file", from(0, 1000), 0, 1000},
		{"somebody's", from(501, 0), 501, 0},
		{"root's of somebody's tree", from(501, 0), 0, 501},
		{"a high owner's", from(200000, 0), 200000, 0},
		{"nobody's of a high owner's tree", from(200000, 0), 0, -1},
		{"another's of a high owner's tree", from(200000, 0), 7, 7},
	} {
		if got := at(tc.m.UIDs, tc.from); got != tc.to {
			t.Errorf("%s: %d becomes %d, want %d: %+v", tc.name, tc.from, got, tc.to, tc.m.UIDs)
		}
		seen := map[uint32]bool{}
		for _, m := range tc.m.GIDs {
			for i := range m.Count {
				if seen[m.Outside+i] {
					t.Fatalf("%s: %d is mapped twice: %+v", tc.name, m.Outside+i, tc.m.GIDs)
				}
				seen[m.Outside+i] = true
			}
		}
	}
}

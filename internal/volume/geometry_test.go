// SPDX-License-Identifier: MIT

package volume

import (
	"strings"
	"testing"
)

func TestGeometry(t *testing.T) {
	for limit, want := range map[int64]geometry{
		1:         {4096, 33 << 20},
		1 << 20:   {1 << 20, 37 << 20},
		1 << 30:   {1 << 30, 4200 << 20},
		100 << 30: {100 << 30, 120904 << 20},
	} {
		if got := geometryOf(limit); got != want {
			t.Errorf("%d: got %+v, want %+v", limit, got, want)
		}
	}
	args := strings.Join(geometry{1 << 20, 37 << 20}.arguments("/x/image"), " ")
	for _, want := range []string{" -m 0 ", " -b 4096 ", " /x/image 37888k"} {
		if !strings.Contains(args+" ", want) {
			t.Errorf("%q lacks %q", args, want)
		}
	}
}

// SPDX-License-Identifier: MIT

package engine

import (
	"fmt"
	"testing"

	"github.com/sandbox-rls/sandbox/internal/codebase"
)

// TestSee notes uploads of which some could not be brought in.
func TestSee(t *testing.T) {
	var files []codebase.File
	for i := range uint64(300) {
		files = append(files, codebase.File{Path: fmt.Sprint("/", i), Version: 11 + i})
	}
	for _, c := range []struct {
		failed  []codebase.File
		seen    uint64
		waiting int
	}{
		{nil, 310, 0},
		{files[:1], 310, 1},
		{files[50:60], 310, 10},
		{files[:maxWaiting], 310, maxWaiting},
		{files[20:], 20 + 10 + maxWaiting, maxWaiting},
	} {
		o := Origin{Seen: 10, Waiting: [][]byte{[]byte("/old")}}
		before := o
		o.see(files, c.failed)
		if o.Seen != c.seen || len(o.Waiting) != c.waiting {
			t.Errorf("%d failed: got %d, %q", len(c.failed), o.Seen, o.Waiting)
		}
		for i, path := range o.Waiting {
			if string(path) != c.failed[i].Path {
				t.Errorf("%d failed: %q waits in the place of %q", len(c.failed), path, c.failed[i].Path)
			}
		}
		if string(before.Waiting[0]) != "/old" {
			t.Error("a copy was changed")
		}
	}
}

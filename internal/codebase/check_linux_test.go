// SPDX-License-Identifier: MIT

package codebase_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox/internal/codebase"
)

// TestItemCheck has items that are no longer what they say, before and after their
// content is read.
func TestItemCheck(t *testing.T) {
	stale := errors.New("stale")
	failing := func(it codebase.Item, from int) codebase.Item {
		n := 0
		it.Check = func() error {
			if n++; n >= from {
				return stale
			}
			return nil
		}
		return it
	}
	for name, it := range map[string]codebase.Item{
		"a file, before": failing(put("/x", "1", 1, 0), 1), "a file, after": failing(put("/x", "1", 1, 0), 2),
		"a directory": failing(mkdir("/x", 1, 0), 1), "a link": failing(symlink("/x", "1", 1, 0), 1),
		"a deletion": failing(remove("/old", 1<<60, 0), 1),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.create("cb")
			w.write("cb", "/old", "x")
			r := w.apply("cb", true, it, put("/y", "1", 1, 0))
			if len(r.Failed) != 1 || !errors.Is(r.Failed[0], stale) || r.Failed[0].Path != it.Path {
				t.Errorf("got %v", r.Failed)
			}
			if got := strings.Join(w.paths("cb"), " "); got != "/old /y" {
				t.Errorf("got %q", got)
			}
		})
	}
}

// SPDX-License-Identifier: MIT

package commit_test

import (
	"fmt"
	"maps"
	"os"
	"sync/atomic"
	"testing"

	"github.com/sandbox-rls/sandbox/internal/commit"
)

// TestSeveralAtOnce commits so many files that several goroutines do it, while the host
// edits some of them right before their turn.
func TestSeveralAtOnce(t *testing.T) {
	before, after := files{}, files{}
	for i := range 400 {
		path := fmt.Sprintf("d%d/f%d", i%3, i)
		if i%4 != 1 {
			before[path] = "old"
		}
		if i%4 != 2 {
			after[path] = "new"
		}
	}
	edited := files{"d1/f100": "host", "d2/f200": "host", "d0/f300": "host"}
	for _, partial := range []bool{false, true} {
		t.Run(fmt.Sprintf("partial=%v", partial), func(t *testing.T) {
			w := newWorld(t, memoryDir(t), before, after)
			var judged atomic.Int64
			changes := int64(len(w.changes(t)))
			report, err := w.commit(t, commit.Options{Partial: partial, Allow: func(path string) bool {
				if text, ok := edited[path[1:]]; judged.Add(1) > changes && ok {
					must(t, os.WriteFile(w.target+path, []byte(text), 0o644))
				}
				return true
			}})
			must(t, err)
			w.clean(t)
			want := maps.Clone(before)
			if partial {
				want = maps.Clone(after)
			}
			for path := range edited {
				if b, err := os.ReadFile(w.target + "/" + path); err == nil && string(b) == "host" {
					want[path] = "host"
				}
			}
			conflicts := paths(report.Conflicts)
			if len(conflicts) == 0 || report.RolledBack == partial || len(report.Left) > 0 || partial && len(conflicts) != len(edited) {
				t.Fatalf("%v %+v", conflicts, report.Left)
			}
			for path := range conflicts {
				if want[path[1:]] != "host" {
					t.Errorf("%s is in conflict, and not as the host left it", path)
				}
			}
			dir := memoryDir(t)
			build(t, dir+"/want", want)
			w.same(t, dir+"/want")
		})
	}
}

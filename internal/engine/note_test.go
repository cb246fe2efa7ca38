// SPDX-License-Identifier: MIT

package engine

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-rls/sandbox/internal/commit"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// TestNote notes commits of random paths beside a map that has the last of each.
func TestNote(t *testing.T) {
	const seed = 7
	r := rand.New(rand.NewPCG(seed, seed))
	for range 200 {
		o, want := Origin{}, map[string]*commit.Stamp{}
		for round := range 4 {
			noted := map[string]*commit.Stamp{}
			for range r.IntN(8) {
				path := fmt.Sprintf("/%c", 'a'+r.IntN(4))
				if r.IntN(2) == 0 {
					path += fmt.Sprintf("/%c", '!'+r.IntN(20)) // some sort before the slash
				}
				noted[path] = &commit.Stamp{Ino: uint64(round)}
				if r.IntN(3) == 0 {
					noted[path] = nil
				}
			}
			var items []commit.Item
			for _, path := range slices.SortedFunc(maps.Keys(noted), tree.Compare) {
				items = append(items, commit.Item{Path: path, Now: noted[path]})
			}
			maps.Copy(want, noted)
			o.note(items)
		}
		var paths []string
		for _, k := range o.Known {
			paths = append(paths, string(k.Path))
		}
		if d := cmp.Diff(want, o.stamps()); d != "" || !cmp.Equal(paths, slices.SortedFunc(maps.Keys(want), tree.Compare)) {
			t.Fatalf("seed %d: %q: -want +got:\n%s", seed, paths, d)
		}
	}
}

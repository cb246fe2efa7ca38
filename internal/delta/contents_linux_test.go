// SPDX-License-Identifier: MIT

package delta_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-rls/sandbox/internal/delta"
)

// TestChangesOfManyFiles has so many files with the size and mode of those beneath that
// several goroutines compare them, in layers of every kind. In each directory there are
// files as they are in the open base, as in a closed one, as in the lower layer, and
// others.
func TestChangesOfManyFiles(t *testing.T) {
	dir := t.TempDir()
	l := delta.Layers{Upper: dir + "/upper", Open: dir + "/open", Lower: []string{dir + "/closed", dir + "/lower"}}
	var want []string
	for i := range 1000 {
		path := fmt.Sprintf("/d%d/f%03d", i/250, i)
		text := fmt.Sprintf("%05d", i)
		put(t, l.Lower[1]+path, text)
		for k, layer := range []string{l.Lower[0], l.Open} {
			if i%3 > k {
				text = fmt.Sprintf("%d%04d", k+1, i)
				put(t, layer+path, text)
			}
		}
		if i%7 == 0 {
			text = "other"
			want = append(want, "modified "+path)
		}
		put(t, l.Upper+path, text)
	}
	late := time.Now().Add(time.Hour) // times make no change, nor save one from being found
	must(t, os.Chtimes(l.Upper+"/d0/f001", late, late))
	if d := cmp.Diff(want, changesOf(t, l)); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

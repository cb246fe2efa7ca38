// SPDX-License-Identifier: MIT

package delta_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-rls/sandbox/internal/delta"
)

// sparse makes a file of that size which holds nothing but some texts.
func sparse(t *testing.T, name string, size int64, texts map[int64]string) {
	t.Helper()
	put(t, name, "")
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	must(t, err)
	defer f.Close()
	must(t, f.Truncate(size))
	for at, text := range texts {
		_, err := f.WriteAt([]byte(text), at)
		must(t, err)
	}
}

// TestChangesOfSparseFiles compares files that nobody could read to the end.
func TestChangesOfSparseFiles(t *testing.T) {
	const size = 8 << 40
	dir := t.TempDir()
	l := delta.Layers{Upper: dir + "/upper", Lower: []string{dir + "/lower"}}
	type texts = map[int64]string
	zeros := strings.Repeat("\x00", 1<<20)
	for name, c := range map[string]struct{ old, now texts }{
		"empty":        {nil, nil},
		"same":         {texts{3: "x", size / 2: "y", size - 1: "z"}, texts{3: "x", size / 2: "y", size - 1: "z"}},
		"zeros":        {nil, texts{size / 3: zeros}},
		"zeros before": {texts{size / 3: zeros, size - 3: "abc"}, texts{size - 3: "abc"}},
		"first":        {nil, texts{0: "x"}},
		"middle":       {nil, texts{size / 2: "x"}},
		"gone":         {texts{size / 2: "x"}, nil},
		"other":        {texts{5: "x", size / 2: "x"}, texts{5: "x", size / 2: "y"}},
		"moved":        {texts{size / 2: "x"}, texts{size/2 + 1<<20: "x"}},
		"last":         {texts{size - 1: "x"}, texts{size - 1: "y"}},
	} {
		sparse(t, l.Lower[0]+"/"+name, size, c.old)
		sparse(t, l.Upper+"/"+name, size, c.now)
	}
	want := []string{"modified /first", "modified /gone", "modified /last", "modified /middle", "modified /moved", "modified /other"}
	within(t, func() {
		if d := cmp.Diff(want, changesOf(t, l)); d != "" {
			t.Errorf("-want +got:\n%s", d)
		}
	})
	r, err := delta.OpenReader(l)
	must(t, err)
	defer r.Close()
	within(t, func() {
		if p, err := r.Read("/same", 1<<20); err != nil || !p.Same {
			t.Errorf("got %+v, %v", p, err)
		}
	})
}

// within ends the test when something takes so long that it can only read all of a
// sparse file.
func within(t *testing.T, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Fatal("it takes too long")
	}
}

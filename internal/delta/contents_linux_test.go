// SPDX-License-Identifier: MIT

package delta_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
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

// TestChangesSeen shows files that were read and differ, once each, and no others.
func TestChangesSeen(t *testing.T) {
	dir := t.TempDir()
	l := delta.Layers{Upper: dir + "/upper", Open: dir + "/open", Lower: []string{dir + "/lower"}}
	large := strings.Repeat("x", 1<<20)
	want := map[string]string{}
	for i := range 100 {
		path := fmt.Sprintf("/d/f%d", i)
		want[path] = fmt.Sprintf("%05d", i)
		put(t, l.Lower[0]+path, want[path])
		put(t, l.Upper+path, "other")
	}
	put(t, l.Lower[0]+"/based", "below")
	for path, texts := range map[string][2]string{
		"/based": {"based", "other"}, "/same": {"text", "text"}, "/longer": {"text", "texts"}, "/large": {large + "1", large + "2"},
	} {
		put(t, l.Open+path, texts[0])
		put(t, l.Upper+path, texts[1])
	}
	want["/based"] = "based"
	put(t, l.Upper+"/added", "text")
	var mu sync.Mutex
	got := map[string]string{}
	_, err := delta.ChangesSeen(l, func(p *delta.Compared) {
		mu.Lock()
		defer mu.Unlock()
		path := p.Old.Path
		if _, ok := got[path]; ok || p.Now.Path != path {
			t.Errorf("%s was shown twice, or is %s now", path, p.Now.Path)
		}
		got[path] = string(p.OldContent)
		if now := string(p.NowContent); now != "other" {
			t.Errorf("%s is %q now", path, now)
		}
		for fd, e := range map[int]*tree.Entry{p.OldFD: p.Old, p.NowFD: p.Now} {
			var st unix.Stat_t
			if err := unix.Fstat(fd, &st); err != nil || tree.EntryOf(path, &st) != *e {
				t.Errorf("%s: %v: %+v", path, err, e)
			}
		}
	})
	must(t, err)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

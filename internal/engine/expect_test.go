// SPDX-License-Identifier: MIT

package engine

import (
	"io/fs"
	"maps"
	"strconv"
	"testing"

	"github.com/sandbox-rls/sandbox/internal/commit"
	"github.com/sandbox-rls/sandbox/internal/delta"
)

// expecting are files that are expected as they are.
func expecting(paths ...string) map[string]*delta.Change {
	m := map[string]*delta.Change{}
	for _, p := range paths {
		m[p] = &delta.Change{Path: p, Mode: 0o644}
	}
	return m
}

func reasons(items []commit.Item) map[string]string {
	m := map[string]string{}
	for _, i := range items {
		m[i.Path] = i.Reason
	}
	return m
}

// TestSelectedInTheWay leaves a file where it is which is not expected to become a directory, or
// not such a one, whatever is expected beneath it.
func TestSelectedInTheWay(t *testing.T) {
	dir := delta.Change{Path: "/d", Kind: delta.Modified, Mode: fs.ModeDir | 0o755, OldMode: 0o644}
	changes := []delta.Change{dir, {Path: "/d/e", Mode: fs.ModeDir | 0o755}, {Path: "/d/e/f", Mode: 0o644}, {Path: "/dd", Mode: 0o644}}
	expect := expecting("/d/e/f", "/dd")
	kept, failed := selected(expect, changes, nil)
	if got := reasons(failed); len(kept) != 1 || kept[0].Path != "/dd" || !maps.Equal(got, map[string]string{"/d/e/f": inTheWay}) {
		t.Errorf("without the directory: kept %v, failed %v", kept, got)
	}
	other := dir
	other.Mode = fs.ModeDir | 0o700
	expect["/d"] = &other
	kept, failed = selected(expect, changes, nil)
	if got := reasons(failed); len(kept) != 1 || !maps.Equal(got, map[string]string{"/d": delta.ErrStale.Error(), "/d/e/f": inTheWay}) {
		t.Errorf("with another directory: kept %v, failed %v", kept, got)
	}
	expect["/d"] = &dir
	kept, failed = selected(expect, changes, nil)
	if len(kept) != 3 || len(failed) > 0 {
		t.Errorf("with the directory: kept %v, failed %v", kept, failed)
	}
}

// TestConcerned is what nobody could look at: it matters where something is expected.
func TestConcerned(t *testing.T) {
	expect := expecting("/closed/a/b", "/other/f")
	unseen := []commit.Item{{Path: "/closed", Reason: "x"}, {Path: "/elsewhere", Reason: "x"}, {Path: "/other/closed", Reason: "x"}}
	unseen = concerned(expect, unseen)
	if got := reasons(unseen); !maps.Equal(got, map[string]string{"/closed": "x"}) {
		t.Errorf("concerned are %v", got)
	}
	_, failed := selected(expect, nil, unseen)
	if got := reasons(failed); !maps.Equal(got, map[string]string{"/other/f": notAChange}) {
		t.Errorf("failed %v", got)
	}
}

// TestSelectedMany has a sandbox and a client do their worst: what each asks of the other
// would take minutes.
func TestSelectedMany(t *testing.T) {
	expect, unseen := map[string]*delta.Change{}, []commit.Item{}
	for i := range 100_000 {
		n := strconv.Itoa(i)
		maps.Copy(expect, expecting("/a/long/path/"+n))
		unseen = append(unseen, commit.Item{Path: "/a/long/path/closed" + n})
	}
	if _, failed := selected(expect, nil, unseen); len(failed) != len(expect) {
		t.Errorf("%d failed", len(failed))
	}
}

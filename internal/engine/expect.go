// SPDX-License-Identifier: MIT

package engine

import (
	"io/fs"
	"slices"

	"github.com/sandbox-rls/sandbox/internal/commit"
	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Why an expected change fails that is none, or none any more, or that would take something
// away which is not expected to go.
const (
	notAChange = "is no change of the sandbox any more"
	inTheWay   = "lies in a directory that was no directory, which is not committed"
)

// selected are the changes that are expected, with their checksums, and what fails of
// what is expected: what is another change by now, or none, but for what lies where nobody
// could look.
func selected(expect map[string]*delta.Change, changes []delta.Change, unseen []commit.Item) (kept []delta.Change, failed []commit.Item) {
	fail := func(path string, kind delta.Kind, reason string) {
		failed = append(failed, commit.Item{Path: path, Kind: kind, Reason: reason})
	}
	found, unmade := map[string]bool{}, map[string]bool{}
	for _, c := range changes { // parents first
		want := expect[c.Path]
		found[c.Path] = want != nil
		switch {
		case want == nil:
		case !meets(&c, want):
			fail(c.Path, c.Kind, delta.ErrStale.Error())
			want = nil
		case isIn(unmade, c.Path):
			fail(c.Path, c.Kind, inTheWay)
			want = nil
		}
		if want == nil {
			unmade[c.Path] = c.Kind == delta.Modified && c.Mode.IsDir() && !c.OldMode.IsDir()
			continue
		}
		c.Checksum = want.Checksum
		kept = append(kept, c)
	}
	hidden := map[string]bool{}
	for _, i := range unseen {
		hidden[i.Path] = true
	}
	for path, want := range expect {
		if !found[path] && !isIn(hidden, path) {
			fail(path, want.Kind, notAChange)
		}
	}
	return kept, inOrder(failed, nil)
}

// concerned are those of some items, of what nobody could look at, that hold what is expected.
func concerned(expect map[string]*delta.Change, items []commit.Item) []commit.Item {
	holds := map[string]bool{}
	for path := range expect {
		for !holds[path] {
			holds[path] = true
			path, _ = tree.Split(path)
		}
	}
	return slices.DeleteFunc(items, func(i commit.Item) bool { return !holds[i.Path] })
}

// isIn reports whether a path, or a directory above it, is in a set.
func isIn(set map[string]bool, path string) bool {
	for ; path != "/"; path, _ = tree.Split(path) {
		if set[path] {
			return true
		}
	}
	return set["/"]
}

// meets reports whether a change is the one that is expected, as far as can be told
// without reading a file. To what it was before, the codebase may have come closer.
func meets(c, want *delta.Change) bool {
	if c.Kind == delta.Deleted || want.Kind == delta.Deleted {
		return c.Kind == want.Kind
	}
	if c.Mode != want.Mode || !c.Mode.IsDir() && c.Size != want.Size {
		return false
	}
	return c.Mode&fs.ModeSymlink == 0 || want.Holds([]byte(c.Link))
}

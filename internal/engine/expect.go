// SPDX-License-Identifier: MIT

package engine

import (
	"io/fs"
	"slices"

	"github.com/sandbox-rls/sandbox/internal/commit"
	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// notAChange is why an expected change fails that is none, or none any more.
const notAChange = "is no change of the sandbox any more"

// selected are the changes that are expected, with their checksums, and what fails of
// what is expected: what is another change by now, or none, or lies where nobody could look.
func selected(expect map[string]*delta.Change, changes []delta.Change, unseen []commit.Item) (kept []delta.Change, failed []commit.Item) {
	found := map[string]bool{}
	for _, c := range changes {
		want := expect[c.Path]
		if want == nil {
			continue
		}
		found[c.Path] = true
		if !meets(&c, want) {
			failed = append(failed, commit.Item{Path: c.Path, Kind: c.Kind, Reason: delta.ErrStale.Error()})
			continue
		}
		c.Checksum = want.Checksum
		kept = append(kept, c)
	}
	for path, want := range expect {
		covers := func(i commit.Item) bool { return i.Path == path || tree.Beneath(path, i.Path) }
		if !found[path] && !slices.ContainsFunc(unseen, covers) {
			failed = append(failed, commit.Item{Path: path, Kind: want.Kind, Reason: notAChange})
		}
	}
	return kept, inOrder(failed, nil)
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

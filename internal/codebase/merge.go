// SPDX-License-Identifier: MIT

package codebase

import (
	"io/fs"
	"slices"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// merge lists what two layers show together. Whiteouts are character devices;
// directories without any are merged.
func merge(top, base *tree.Tree) *tree.Tree {
	out := &tree.Tree{Dir: top.Dir, Listed: top.Listed, Problems: append(slices.Clip(top.Problems), base.Problems...)}
	hidden := "" // what of the base is beneath this path does not show
	rest := base.Entries
	// below moves what comes before a path from the base.
	below := func(path string) {
		for len(rest) > 0 && (path == "" || tree.Compare(rest[0].Path, path) < 0) {
			if hidden == "" || !tree.Beneath(rest[0].Path, hidden) {
				out.Entries = append(out.Entries, rest[0])
			}
			rest = rest[1:]
		}
	}
	for i := range top.Entries {
		e := &top.Entries[i]
		below(e.Path)
		under := fs.FileMode(0)
		if len(rest) > 0 && rest[0].Path == e.Path {
			under, rest = rest[0].Mode, rest[1:]
		}
		if e.Mode&fs.ModeCharDevice == 0 {
			out.Entries = append(out.Entries, *e)
		}
		if under.IsDir() && !e.Mode.IsDir() {
			hidden = e.Path
		}
	}
	below("")
	return out
}

// plain drops from a listing what differs between two checkouts of the same.
func plain(t *tree.Tree) *tree.Tree {
	if t == nil {
		return nil
	}
	for i := range t.Entries {
		e := &t.Entries[i]
		e.ChangeTime, e.Ino, e.Dev, e.UID, e.GID = 0, 0, 0, 0, 0
		if e.Mode.IsDir() {
			e.Size = 0
		}
	}
	return t
}

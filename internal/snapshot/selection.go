// SPDX-License-Identifier: MIT

package snapshot

import (
	"slices"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// kind is what a snapshot holds of a file.
type kind uint8

const (
	directory kind = iota
	link
	content
	placeholder
)

// item is one file of a snapshot, with its attributes in the source.
type item struct {
	tree.Entry
	kind    kind
	skipped bool // it could not be read, and is not in the copy
}

// selection is what a snapshot of a source shall hold.
type selection struct {
	items   []item   // in tree order
	missing []string // directories that are made, in tree order
	hidden  []string // tops that are left out
	skipped []tree.Problem
}

// selectVisible finds what of a source is copied. Without a policy there is
// no plan, and all is.
func selectVisible(src *tree.Tree, policy *fsguard.Policy, plan *fsguard.Plan) *selection {
	s := &selection{items: make([]item, 0, len(src.Entries))}
	visible := func(path string) bool { return policy == nil || policy.Level(path) >= fsguard.View }
	for _, p := range src.Problems {
		if visible(p.Path) {
			s.skipped = append(s.skipped, p)
		}
	}
	var hidden []string
	var placeholders []tree.Entry
	if plan != nil {
		s.hidden, s.missing = plan.Hidden, plan.Missing
		hidden, placeholders = plan.Hidden, plan.Placeholders
	}
	top := "" // the hidden one whose subtree is passed over
	for i := range src.Entries {
		e := &src.Entries[i]
		if top != "" && tree.Beneath(e.Path, top) {
			continue
		}
		if e.Special() && e.Mode.Type() != irregular && visible(e.Path) {
			s.skipped = append(s.skipped, tree.Problem{Path: e.Path, Err: ErrSpecial})
		}
		if len(hidden) > 0 && hidden[0] == e.Path {
			top, hidden = hidden[0], hidden[1:]
			continue
		}
		if e.Special() {
			continue
		}
		it := item{Entry: *e, kind: kindOf(e)}
		if len(placeholders) > 0 && placeholders[0].Path == e.Path {
			it.kind, placeholders = placeholder, placeholders[1:]
		}
		if it.kind == content && plan != nil && plan.NothingReadable {
			it.kind = placeholder
		}
		s.items = append(s.items, it)
	}
	return s
}

func kindOf(e *tree.Entry) kind {
	switch {
	case e.Mode.IsDir():
		return directory
	case e.Mode.IsRegular():
		return content
	}
	return link
}

// same reports whether two selections are equal but for what was skipped.
func (s *selection) same(o *selection) bool {
	return slices.EqualFunc(s.items, o.items, func(a, b item) bool { return a.kind == b.kind && unchanged(&a.Entry, &b.Entry) }) &&
		slices.Equal(s.missing, o.missing) && slices.Equal(s.hidden, o.hidden)
}

// shared finds the items that a snapshot of another selection, of a source
// listed at the given time, holds in the same state.
func (s *selection) shared(old *selection, listed int64) []bool {
	found := make([]bool, len(s.items))
	rest := old.items
	for i := range s.items {
		it := &s.items[i]
		for len(rest) > 0 && tree.Compare(rest[0].Path, it.Path) < 0 {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			break
		}
		o := &rest[0]
		if o.kind != it.kind || o.skipped || !unchanged(&o.Entry, &it.Entry) {
			continue
		}
		found[i] = it.kind == placeholder || it.kind == content && !racy(&o.Entry, listed)
	}
	return found
}

// unchanged reports whether two listings saw the same state of a file.
func unchanged(a, b *tree.Entry) bool {
	return a.ChangeTime == b.ChangeTime && a.ModTime == b.ModTime && a.Size == b.Size &&
		a.Mode == b.Mode && a.Ino == b.Ino && a.Dev == b.Dev && a.Link == b.Link && a.Path == b.Path
}

// sameTree reports whether two listings are equal.
func sameTree(a, b *tree.Tree) bool {
	if a == b {
		return true
	}
	return slices.EqualFunc(a.Problems, b.Problems, func(a, b tree.Problem) bool { return a.Path == b.Path }) &&
		slices.EqualFunc(a.Entries, b.Entries, func(a, b tree.Entry) bool { return unchanged(&a, &b) })
}

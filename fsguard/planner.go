// SPDX-License-Identifier: MIT

package fsguard

import (
	"slices"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// mark is what the planner knows of one entry.
type mark uint8

const (
	kept   mark = 1 << iota // visible, or a way to something visible
	closed                  // hidden with all beneath it, whatever the rules say
	masked                  // appears in the mask layer, as an ancestor
)

// planner holds the work of NewPlan. Its slices run beside tree.Entries.
type planner struct {
	tree   *tree.Tree
	policy *Policy
	plan   *Plan

	levels []Permission
	parent []int32
	marks  []mark
}

// above is a directory on the way to the entry that is looked at.
type above struct {
	index   int32
	matcher *DirMatcher // nil where uniform
	uniform bool        // all beneath has one level, which is
	lo      Permission
}

// level finds the level of each entry and its parent.
func (b *planner) level() {
	var stack []above
	for i := range b.tree.Entries {
		e := &b.tree.Entries[i]
		for len(stack) > 0 && !tree.Beneath(e.Path, b.tree.Entries[stack[len(stack)-1].index].Path) {
			stack = stack[:len(stack)-1]
		}
		if len(stack) == 0 {
			b.parent[i] = -1
			b.levels[i] = max(b.policy.Level(e.Path), View)
			stack = append(stack, b.enter(int32(i), b.policy.Dir(e.Path)))
			continue
		}
		dir := &stack[len(stack)-1]
		b.parent[i] = dir.index
		if dir.uniform {
			b.levels[i] = dir.lo
			if e.Mode.IsDir() {
				stack = append(stack, above{index: int32(i), uniform: true, lo: dir.lo})
			}
			continue
		}
		_, name := tree.Split(e.Path)
		b.levels[i] = dir.matcher.Level(name)
		if e.Mode.IsDir() {
			stack = append(stack, b.enter(int32(i), dir.matcher.Child(name)))
		}
	}
}

func (b *planner) enter(i int32, m *DirMatcher) above {
	lo, hi := m.Beneath()
	if lo == hi {
		return above{index: i, uniform: true, lo: lo}
	}
	return above{index: i, matcher: m}
}

// closeUnlisted closes the directories whose names are not known, unless all
// that they could hold is readable: what is not listed cannot be masked.
func (b *planner) closeUnlisted() {
	for _, p := range b.tree.Problems {
		i, ok := b.tree.Find(p.Path)
		if !ok || i == 0 || !b.tree.Entries[i].Mode.IsDir() {
			continue
		}
		if least, _ := b.policy.Beneath(p.Path); least < Read || b.levels[i] == None {
			b.marks[i] |= closed
		}
	}
}

// keepVisible marks what is visible and the directories that lead to it.
func (b *planner) keepVisible() {
	for i := range b.tree.Entries {
		if up := b.parent[i]; up >= 0 {
			b.marks[i] |= b.marks[up] & closed
		}
		if b.tree.Entries[i].Special() {
			b.marks[i] |= closed
		}
		if b.marks[i]&closed == 0 && b.levels[i] >= View {
			b.marks[i] |= kept
		}
	}
	for i := len(b.tree.Entries) - 1; i > 0; i-- {
		b.marks[b.parent[i]] |= b.marks[i] & kept
	}
}

// addMissing sees to it that the directories which write rules begin with are
// there and can be reached. One that a file or something closed stands in the
// way of is left out.
func (b *planner) addMissing() {
	for _, prefix := range b.policy.WritePrefixes() {
		missing := []string{}
		path := prefix
		i, ok := b.tree.Find(path)
		for !ok {
			missing = append(missing, path)
			path, _ = tree.Split(path)
			i, ok = b.tree.Find(path)
		}
		if !b.tree.Entries[i].Mode.IsDir() || b.marks[i]&closed != 0 {
			continue
		}
		if len(missing) > 0 && b.unlisted(path) {
			continue
		}
		for at := int32(i); at >= 0 && b.marks[at]&kept == 0; at = b.parent[at] {
			b.marks[at] |= kept
		}
		b.plan.Missing = append(b.plan.Missing, missing...)
		if len(missing) > 0 {
			b.mask(int32(i))
		}
	}
	slices.SortFunc(b.plan.Missing, tree.Compare)
	b.plan.Missing = slices.Compact(b.plan.Missing)
}

// unlisted reports whether the listing does not say what dir holds.
func (b *planner) unlisted(dir string) bool {
	return slices.ContainsFunc(b.tree.Problems, func(p tree.Problem) bool { return p.Path == dir })
}

// mask notes that directory i and those above it appear in the mask.
func (b *planner) mask(i int32) {
	for ; i >= 0 && b.marks[i]&masked == 0; i = b.parent[i] {
		b.marks[i] |= masked
	}
}

// reserve makes room for the longest lists.
func (b *planner) reserve() {
	dirs, placeholders, hides := 0, 0, false
	for i, mark := range b.marks {
		switch {
		case mark&kept == 0:
			hides = true
		case b.tree.Entries[i].Mode.IsDir():
			dirs++
		case b.placeholder(i):
			placeholders++
		}
	}
	b.plan.Placeholders = slices.Grow(b.plan.Placeholders, placeholders)
	if hides {
		b.plan.Facade = make([]tree.Entry, 0, dirs)
	}
}

// placeholder reports whether a visible entry has one.
func (b *planner) placeholder(i int) bool {
	return b.levels[i] == View && !b.plan.NothingReadable && b.tree.Entries[i].Mode.IsRegular()
}

// collect fills the plan's lists.
func (b *planner) collect() {
	b.reserve()
	for i := range b.tree.Entries {
		e := &b.tree.Entries[i]
		up := b.parent[i]
		switch {
		case up >= 0 && b.marks[up]&kept == 0:
			b.plan.HiddenEntries++ // beneath a hidden top
		case b.marks[i]&kept == 0:
			b.plan.HiddenEntries++
			b.plan.Hidden = append(b.plan.Hidden, e.Path)
			b.mask(up)
		default:
			b.plan.VisibleEntries++
			b.show(i, e)
		}
	}
	for i := range b.tree.Entries {
		e := &b.tree.Entries[i]
		if b.marks[i]&masked != 0 {
			b.plan.Dirs = append(b.plan.Dirs, *e)
		}
		if len(b.plan.Hidden) > 0 && b.marks[i]&kept != 0 && e.Mode.IsDir() {
			b.plan.Facade = append(b.plan.Facade, *e)
		}
	}
}

// show lists what is visible only in part.
func (b *planner) show(i int, e *tree.Entry) {
	switch {
	case e.Mode.IsDir() && b.levels[i] == None:
		b.plan.Through = append(b.plan.Through, e.Path)
	case b.placeholder(i):
		b.plan.Placeholders = append(b.plan.Placeholders, *e)
		b.mask(b.parent[i])
	}
}

// SPDX-License-Identifier: MIT

package fsguard

import (
	"slices"
	"sort"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Plan says what of a tree a policy hides, and what stands in for what it only
// lets be listed. It is plain data and a pure function of the listing and the
// policy. All lists are in tree order (tree.Compare): a directory is followed
// at once by what lies beneath it.
type Plan struct {
	// Hidden are the tops of hidden subtrees: nothing at or beneath them is
	// visible. Devices, FIFOs and sockets are among them, whatever their level,
	// and so is what could not be examined.
	Hidden []string
	// Through are directories of level None that stay as a way to something
	// visible, or to a place that may be written.
	Through []string
	// Placeholders are the regular files of level View. A symbolic link of that
	// level stays as it is, since its text belongs to the listing, and a
	// directory lists by the levels of what it holds.
	Placeholders []tree.Entry
	// Missing are directories that write rules need and the tree lacks.
	Missing []string
	// Dirs are the directories of the tree that hold, at any depth, something
	// hidden, a placeholder or a missing directory.
	Dirs []tree.Entry
	// Facade are all visible directories of the tree, if anything is hidden:
	// they have to look alike, those that hide something and those that do not.
	Facade []tree.Entry
	// Writable says that something can be written: an upper layer is needed.
	Writable bool
	// NothingReadable says that no path can ever be read. Placeholders is empty
	// then: one Landlock rule takes their place.
	NothingReadable bool
	// VisibleEntries and HiddenEntries count what was listed. What lies in a
	// directory that was not descended into is not counted.
	VisibleEntries, HiddenEntries int
}

// PruneFor returns, for tree.Prune, whether the policy hides a directory and
// all that could ever lie beneath it.
func PruneFor(p *Policy) func(path string) bool {
	return func(path string) bool {
		if p.Level(path) != None {
			return false
		}
		_, most := p.Beneath(path)
		return most == None
	}
}

// NewPlan makes the plan of a tree under a policy.
func NewPlan(t *tree.Tree, p *Policy) *Plan {
	b := planner{
		tree:   t,
		policy: p,
		plan: &Plan{
			Writable:        p.MaxLevel() >= Write,
			NothingReadable: p.MaxLevel() < Read,
		},
		levels: make([]Permission, len(t.Entries)),
		parent: make([]int32, len(t.Entries)),
		marks:  make([]mark, len(t.Entries)),
	}
	b.level()
	b.closeUnlisted()
	b.keepVisible()
	b.addMissing()
	b.collect()
	return b.plan
}

// RestorePlan makes of what a plan hid as much of that plan as a sandbox needs whose
// tree holds nothing hidden, and whose stand-ins are in it.
func RestorePlan(hidden []string, p *Policy) *Plan {
	return &Plan{Hidden: hidden, Writable: p.MaxLevel() >= Write, NothingReadable: p.MaxLevel() < Read}
}

// Hides reports whether a path is hidden, or lies beneath something that is.
func (p *Plan) Hides(path string) bool {
	for {
		if _, ok := slices.BinarySearchFunc(p.Hidden, path, tree.Compare); ok {
			return true
		}
		if path == "/" {
			return false
		}
		path, _ = tree.Split(path)
	}
}

// HiddenBeneath reports whether anything at dir or beneath it is hidden, or
// dir itself lies beneath something hidden.
func (p *Plan) HiddenBeneath(dir string) bool {
	i := sort.Search(len(p.Hidden), func(i int) bool { return tree.Compare(p.Hidden[i], dir) >= 0 })
	if i < len(p.Hidden) && (p.Hidden[i] == dir || tree.Beneath(p.Hidden[i], dir)) {
		return true
	}
	return p.Hides(dir)
}

// Masks reports whether a mask layer has anything to hold.
func (p *Plan) Masks() bool {
	return len(p.Hidden) > 0 || len(p.Placeholders) > 0 || len(p.Missing) > 0
}

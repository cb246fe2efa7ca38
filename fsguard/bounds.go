// SPDX-License-Identifier: MIT

package fsguard

import (
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// bests holds for each level the strongest rule that gives it.
type bests [Write + 1]int32

var noBests = bests{none, none, none, none}

func (b *bests) add(p Permission, rank int32) { b[p] = min(b[p], rank) }

func (b *bests) merge(o *bests) {
	for p := range b {
		b[p] = min(b[p], o[p])
	}
}

// note keeps the bounds of the nodes up to date with a rule that was filed
// under node i.
func (x *index) note(i int32, s *shape, rank int32, p Permission) {
	if s.kind != shapeExact {
		x.nodes[i].under.add(p, rank)
	}
	if s.kind != shapeExact && s.kind != shapeGlob && !s.direct {
		x.nodes[i].deep.add(p, rank)
	}
	for up := x.nodes[i].parent; up != none; up = x.nodes[up].parent {
		x.nodes[up].under.add(p, rank)
	}
}

// Beneath bounds the levels of all paths strictly beneath dir, whether they
// exist or ever will: min <= Level(path) <= max for each. The bounds may be
// wider than the truth, never narrower: min == Write says that the whole
// subtree is surely writable, max == None that nothing in it is visible.
func (p *Policy) Beneath(dir string) (min, max Permission) {
	d := p.Dir(dir)
	return d.Beneath()
}

// Beneath is Policy.Beneath of the directory itself.
func (d *DirMatcher) Beneath() (lo, hi Permission) {
	x := d.p.index
	cover := d.coverage()
	touch := noBests
	if d.here != none {
		touch.merge(&x.nodes[d.here].deep)
		touch.merge(&x.nodes[d.here].under)
	}
	for _, a := range d.active {
		if a.node == d.here {
			continue
		}
		n := &x.nodes[a.node]
		touch.merge(&n.deep) // what takes in all beneath it is in d.below already
		for id := n.glob; id != none && x.entries[id].rank < cover; id = x.entries[id].next {
			if e := &x.entries[id]; mayReach(e.glob, d.path) {
				touch.add(d.p.rules[e.rank].rule.Permission, e.rank)
			}
		}
	}
	lo, hi = None, None // where no rule matches
	if cover != none {
		lo = d.p.rules[cover].rule.Permission
		hi = lo
	}
	for level, rank := range touch {
		if rank < cover {
			lo, hi = min(lo, Permission(level)), max(hi, Permission(level))
		}
	}
	return lo, hi
}

// coverage returns the strongest rule that surely matches all beneath the
// directory.
func (d *DirMatcher) coverage() int32 {
	x := d.p.index
	cover := d.below
	for _, a := range d.active {
		for id := x.nodes[a.node].glob; id != none && x.entries[id].rank < cover; id = x.entries[id].next {
			if covers(x.entries[id].glob, d.path) {
				cover = x.entries[id].rank
				break
			}
		}
	}
	return cover
}

// covers reports whether a glob surely matches all beneath dir: its last part
// is a "**", and it matches dir itself or something above.
func covers(glob, dir string) bool {
	glob = strings.TrimSuffix(glob, "/*")
	if !strings.HasSuffix(glob, "/**") || strings.HasSuffix(glob, `\/**`) {
		return false
	}
	return doublestar.MatchUnvalidated(glob, dir)
}

// mayReach reports whether a glob might match something strictly beneath dir.
func mayReach(glob, dir string) bool {
	// A class may match a slash and braces may hold one. Three stars match
	// nothing within a path, but not at its end.
	if strings.ContainsAny(glob, `[{\`) || strings.Contains(glob, "***") {
		return true
	}
	for {
		glob = glob[1:]
		end := componentEnd(glob, 0)
		if glob[:end] == "**" {
			return true
		}
		if dir == "" {
			return true
		}
		next := componentEnd(dir, 1)
		if !doublestar.MatchUnvalidated(glob[:end], dir[1:next]) {
			return false
		}
		if end == len(glob) {
			return false
		}
		glob, dir = glob[end:], dir[next:]
	}
}

// MaxLevel returns the highest level that any path could have. It is View at
// least, since the root is always there.
func (p *Policy) MaxLevel() Permission {
	_, hi := p.Beneath("/")
	return max(hi, p.Level("/"))
}

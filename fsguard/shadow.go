// SPDX-License-Identifier: MIT

package fsguard

import "fmt"

// checker compares the rules of a policy with each other. It remembers what it
// found, since many rules are filed under few directories.
type checker struct {
	p        *Policy
	twins    map[shape]int32 // the strongest rule of each shape
	winners  map[string]int32
	covering map[string]int32
}

func newChecker(p *Policy) *checker {
	c := &checker{
		p:        p,
		twins:    make(map[shape]int32, len(p.rules)),
		winners:  map[string]int32{},
		covering: map[string]int32{},
	}
	for i := range p.index.entries {
		e := &p.index.entries[i] // weakest first
		c.twins[e.shape] = e.rank
	}
	return c
}

// winner returns the rule that decides a path.
func (c *checker) winner(path string) int32 {
	rank, ok := c.winners[path]
	if !ok {
		f := c.p.finder(shown(path))
		f.run()
		rank = f.best
		c.winners[path] = rank
	}
	return rank
}

// cover returns the strongest rule that surely matches all beneath dir.
func (c *checker) cover(dir string) int32 {
	rank, ok := c.covering[dir]
	if !ok {
		rank = c.p.Dir(shown(dir)).coverage()
		c.covering[dir] = rank
	}
	return rank
}

// shadow returns a rule stronger than rank that matches all that the shape
// does, or none if there is none or it is not easily seen.
func (c *checker) shadow(s shape, rank int32) int32 {
	var by int32
	switch s.kind {
	case shapeExact:
		by = c.winner(s.dir)
	case shapeSubtree, shapeGlob: // these may match dir itself
		by = max(c.winner(s.dir), c.cover(s.dir))
	default:
		by = c.cover(s.dir)
	}
	if by < rank {
		return by
	}
	if twin := c.twins[s]; twin < rank {
		return twin
	}
	return none
}

// shadowed speaks of a rule that stronger ones beat wherever it matches.
func (c *checker) shadowed(rank int32) string {
	by := none
	for _, s := range appendShapes(nil, &c.p.rules[rank]) {
		if by = c.shadow(s, rank); by == none {
			return ""
		}
	}
	w := &c.p.rules[by]
	return fmt.Sprintf("never decides: rule %d, pattern %q, is stronger and matches all that this one does", w.index, w.rule.Pattern)
}

// wayThrough speaks of a directory that a rule hides and that stays in sight
// all the same, since something beneath it is to be seen.
func (c *checker) wayThrough(rank int32) string {
	r := &c.p.rules[rank]
	if r.rule.Permission == None {
		return ""
	}
	for _, s := range appendShapes(nil, r) {
		if s.dir == "" || c.shadow(s, rank) != none {
			continue
		}
		dir := s.dir
		if s.kind == shapeExact || s.kind == shapeSubtree {
			dir, _ = split(dir) // the rule itself shows the directory
		}
		for ; dir != ""; dir, _ = split(dir) {
			if w := c.winner(dir); w != none && c.p.level(w) == None {
				return fmt.Sprintf("%q, which rule %d hides, stays in sight as the way to what this rule shows", dir, c.p.rules[w].index)
			}
		}
	}
	return ""
}

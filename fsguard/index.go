// SPDX-License-Identifier: MIT

package fsguard

import "strings"

// none is the rank, the entry and the node that do not exist. As a rank it is
// weaker than any other.
const none = int32(1<<31 - 1)

// index finds the rules that match a path without trying each. Every rule is
// filed under the literal directory that its pattern begins with, and there
// under the piece of the path that decides it: a base name, its beginning or
// end, or a component. Only what fits none of these is matched as a glob.
type index struct {
	nodes   []node
	entries []entry
}

// entry files one rule in one place. Entries of one place form a chain,
// strongest first.
type entry struct {
	rank int32
	next int32
	shape
}

// node is a literal directory that a pattern begins with, or one above it.
// Fields that are int32 are the heads of chains, but for the parent.
type node struct {
	parent  int32
	exact   int32
	subtree int32
	strict  int32
	glob    int32
	inner   map[string]int32 // the nodes in it, by name
	names   *byName
	deep    bests // rules filed here that may match at any depth
	under   bests // all rules that may match beneath, those filed further down included
}

// byName has the rules of a node that look at one component of a path.
type byName struct {
	tails   chains // shapeTail by base name
	insides chains // shapeInside by the last component of its tail
	suffix  affixes
	prefix  affixes
}

// top is the node of the root.
const top = int32(0)

func newIndex(rules []ranked) *index {
	x := &index{
		nodes:   make([]node, 0, len(rules)+1),
		entries: make([]entry, 0, len(rules)),
	}
	x.grow(none)
	// Weakest first: each new entry goes to the head of its chain.
	var shapes []shape
	for i := len(rules) - 1; i >= 0; i-- {
		r := &rules[i]
		shapes = appendShapes(shapes[:0], r)
		for j := range shapes {
			x.add(&shapes[j], int32(i), r.rule.Permission)
		}
	}
	for i := range x.nodes {
		if names := x.nodes[i].names; names != nil {
			names.finish()
		}
	}
	return x
}

// appendShapes appends the shapes whose union a rule's pattern is.
func appendShapes(to []shape, r *ranked) []shape {
	switch r.rule.Type {
	case File:
		return append(to, shape{kind: shapeExact, dir: r.norm})
	case Directory:
		return append(to, shape{kind: shapeSubtree, dir: r.norm})
	}
	if strings.IndexByte(r.norm, '{') < 0 {
		return append(to, parseGlob(r.norm))
	}
	for _, g := range expand(r.norm) {
		to = append(to, parseGlob(g))
	}
	return to
}

// node returns the node of a literal directory and makes it and its parents
// where they are missing.
func (x *index) node(dir string) int32 {
	at := top
	for len(dir) > 0 {
		end := componentEnd(dir, 1)
		n, ok := x.nodes[at].inner[dir[1:end]]
		if !ok {
			n = x.grow(at)
			if x.nodes[at].inner == nil {
				x.nodes[at].inner = make(map[string]int32)
			}
			x.nodes[at].inner[dir[1:end]] = n
		}
		at, dir = n, dir[end:]
	}
	return at
}

func (x *index) grow(parent int32) int32 {
	x.nodes = append(x.nodes, node{
		parent: parent, exact: none, subtree: none, strict: none, glob: none, deep: noBests, under: noBests,
	})
	return int32(len(x.nodes) - 1)
}

func (x *index) add(s *shape, rank int32, p Permission) {
	i := x.node(s.dir)
	n := &x.nodes[i]
	id := int32(len(x.entries))
	e := entry{rank: rank, shape: *s}
	switch s.kind {
	case shapeExact:
		e.next, n.exact = n.exact, id
	case shapeSubtree:
		e.next, n.subtree = n.subtree, id
	case shapeStrict:
		e.next, n.strict = n.strict, id
	case shapeGlob:
		e.next, n.glob = n.glob, id
	default:
		if n.names == nil {
			n.names = new(byName)
		}
		e.next = n.names.push(s, id, rank)
	}
	x.entries = append(x.entries, e)
	x.note(i, s, rank, p)
}

func (b *byName) push(s *shape, id, rank int32) int32 {
	switch s.kind {
	case shapeTail:
		return b.tails.push(lastComponent(s.tail), id, rank)
	case shapeInside:
		return b.insides.push(lastComponent(s.tail), id, rank)
	}
	if len(s.suffix) >= len(s.prefix) {
		return b.suffix.push(s.suffix, id, rank)
	}
	return b.prefix.push(s.prefix, id, rank)
}

func (b *byName) finish() {
	b.tails.finish()
	b.insides.finish()
	b.suffix.finish()
	b.prefix.finish()
}

func lastComponent(path string) string {
	return path[strings.LastIndexByte(path, '/')+1:]
}

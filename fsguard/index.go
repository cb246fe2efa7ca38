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
	dirs    map[string]int32 // literal directory, all its parents too → node
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

// node is a literal directory. Fields that are int32 are the heads of chains.
type node struct {
	exact   int32
	subtree int32
	strict  int32
	glob    int32
	inner   bool             // has nodes beneath it
	tails   map[string]int32 // shapeTail by base name
	insides map[string]int32 // shapeInside by the last component of its tail
	suffix  affixes
	prefix  affixes
	deep    bests // rules filed here that may match at any depth
	under   bests // all rules that may match beneath, those filed further down included
}

// affixes is a set of strings to be found at one end of a name.
type affixes struct {
	lens  []int // the different lengths
	heads map[string]int32
}

func newIndex(rules []ranked) *index {
	x := &index{
		dirs:    make(map[string]int32, len(rules)+1),
		nodes:   make([]node, 0, len(rules)+1),
		entries: make([]entry, 0, len(rules)),
	}
	x.node("")
	// Weakest first: each new entry goes to the head of its chain.
	for i := len(rules) - 1; i >= 0; i-- {
		r := &rules[i]
		for _, s := range shapesOf(r) {
			x.add(s, int32(i), r.rule.Permission)
		}
	}
	return x
}

// shapesOf returns the shapes whose union a rule's pattern is.
func shapesOf(r *ranked) []shape {
	switch r.rule.Type {
	case File:
		return []shape{{kind: shapeExact, dir: r.norm}}
	case Directory:
		return []shape{{kind: shapeSubtree, dir: r.norm}}
	}
	globs := expand(r.norm)
	shapes := make([]shape, len(globs))
	for i, g := range globs {
		shapes[i] = parseGlob(g)
	}
	return shapes
}

// node returns the node of a literal directory and makes it and its parents
// where they are missing.
func (x *index) node(dir string) int32 {
	if n, ok := x.dirs[dir]; ok {
		return n
	}
	if dir != "" {
		parent := x.node(dir[:strings.LastIndexByte(dir, '/')])
		x.nodes[parent].inner = true
	}
	n := int32(len(x.nodes))
	x.nodes = append(x.nodes, node{
		exact: none, subtree: none, strict: none, glob: none, deep: noBests, under: noBests,
	})
	x.dirs[dir] = n
	return n
}

func (x *index) add(s shape, rank int32, p Permission) {
	i := x.node(s.dir)
	n := &x.nodes[i]
	e := entry{rank: rank, shape: s}
	id := int32(len(x.entries))
	switch s.kind {
	case shapeExact:
		e.next, n.exact = n.exact, id
	case shapeSubtree:
		e.next, n.subtree = n.subtree, id
	case shapeStrict:
		e.next, n.strict = n.strict, id
	case shapeGlob:
		e.next, n.glob = n.glob, id
	case shapeTail:
		e.next = push(&n.tails, lastComponent(s.tail), id)
	case shapeInside:
		e.next = push(&n.insides, lastComponent(s.tail), id)
	case shapeAffix:
		if len(s.suffix) >= len(s.prefix) {
			e.next = n.suffix.push(s.suffix, id)
		} else {
			e.next = n.prefix.push(s.prefix, id)
		}
	}
	x.entries = append(x.entries, e)
	x.note(i, s, rank, p)
}

// push makes id the head of the chain of key and returns the head before it.
func push(m *map[string]int32, key string, id int32) int32 {
	if *m == nil {
		*m = make(map[string]int32)
	}
	head, ok := (*m)[key]
	if !ok {
		head = none
	}
	(*m)[key] = id
	return head
}

func (a *affixes) push(key string, id int32) int32 {
	head := push(&a.heads, key, id)
	if head == none {
		for _, n := range a.lens {
			if n == len(key) {
				return head
			}
		}
		a.lens = append(a.lens, len(key))
	}
	return head
}

func lastComponent(path string) string {
	return path[strings.LastIndexByte(path, '/')+1:]
}

// SPDX-License-Identifier: MIT

package fsguard

// DirMatcher decides the names of one directory. What follows from the
// directory itself was decided when it was made, so that a walk does not look
// at the ancestors again for each name. It is immutable and safe for
// concurrent use.
type DirMatcher struct {
	p      *Policy
	path   string  // canonical, "" for the root
	active []filed // those with rules that look at more than where they are filed
	here   int32   // the directory's own node, or none
	below  int32   // strongest rule that takes in all beneath the directory
}

// filed is a node above a path or at it, and the length of its directory.
type filed struct {
	node int32
	at   int
}

// Dir returns the matcher of a directory, which need not exist.
func (p *Policy) Dir(path string) *DirMatcher {
	path = canonical(path)
	d := &DirMatcher{p: p, here: top, below: none}
	d.enter()
	for start := 0; start < len(path); {
		end := componentEnd(path, start+1)
		d = d.child(path[start+1:end], path[:end])
		start = end
	}
	return d
}

// Path returns the directory's path.
func (d *DirMatcher) Path() string { return shown(d.path) }

// Level returns the level of a name in the directory.
func (d *DirMatcher) Level(name string) Permission {
	if !isName(name) {
		return d.p.Level(d.path + "/" + name)
	}
	x := d.p.index
	f := finder{x: x, dir: d.path, base: name, best: d.below}
	for _, a := range d.active {
		f.beneath(&x.nodes[a.node], a.at)
	}
	if d.here != none {
		if n, ok := x.nodes[d.here].inner[name]; ok {
			f.self(&x.nodes[n])
		}
	}
	return d.p.level(f.best)
}

// Child returns the matcher of a directory in this one.
func (d *DirMatcher) Child(name string) *DirMatcher {
	path := d.path + "/" + name
	if !isName(name) {
		return d.p.Dir(path)
	}
	return d.child(path[len(d.path)+1:], path)
}

func (d *DirMatcher) child(name, path string) *DirMatcher {
	x := d.p.index
	c := &DirMatcher{p: d.p, path: path, active: d.active, here: none, below: d.below}
	// The path that is looked for is one beneath the child, hence the base.
	f := finder{x: x, dir: path, base: "*", best: c.below}
	for _, a := range d.active {
		f.inside(&x.nodes[a.node], name, a.at, len(path))
	}
	c.below = f.best
	if d.here != none {
		if n, ok := x.nodes[d.here].inner[name]; ok {
			c.here = n
			c.enter()
		}
	}
	return c
}

// enter takes the directory's own node into account.
func (d *DirMatcher) enter() {
	x := d.p.index
	n := &x.nodes[d.here]
	if n.names != nil || n.glob != none {
		// A full slice expression: siblings share the parent's list.
		d.active = append(d.active[:len(d.active):len(d.active)], filed{d.here, len(d.path)})
	}
	f := finder{x: x, best: d.below}
	f.chain(n.subtree)
	f.chain(n.strict)
	d.below = f.best
}

// isName reports whether s can be the name of a directory entry.
func isName(s string) bool {
	return plainName(s) && componentEnd(s, 0) == len(s)
}

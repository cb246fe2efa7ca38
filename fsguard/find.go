// SPDX-License-Identifier: MIT

package fsguard

import (
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// finder looks for the rules that match one path, given as a directory and a
// base name. It keeps the strongest, or all when it collects.
type finder struct {
	x    *index
	dir  string // canonical, "" for the root
	base string // "" only for the root itself
	full string // the whole path; made of the two above when first needed
	best int32

	collect bool
	found   []int32
}

func (f *finder) path() string {
	if f.full == "" && f.base != "" {
		f.full = f.dir + "/" + f.base
	}
	return f.full
}

// len is the length of the path.
func (f *finder) len() int {
	if f.base == "" {
		return 0
	}
	return len(f.dir) + 1 + len(f.base)
}

// hit takes note of a rule that matches and reports whether to stop looking in
// its chain, where all that follow are weaker.
func (f *finder) hit(rank int32) bool {
	f.best = min(f.best, rank)
	if f.collect {
		f.found = append(f.found, rank)
	}
	return !f.collect
}

// limit is the rank from which on no rule can matter.
func (f *finder) limit() int32 {
	if f.collect {
		return none
	}
	return f.best
}

// done reports whether neither this entry nor those after it can matter.
func (f *finder) done(e *entry) bool { return !f.collect && e.rank >= f.best }

// chain takes the rules of a chain whose place alone says that they match.
func (f *finder) chain(id int32) {
	for id != none {
		e := &f.x.entries[id]
		if f.done(e) || f.hit(e.rank) {
			return
		}
		id = e.next
	}
}

// affix tries rules that look at both ends of the base name. at is the length
// of the directory they are filed under.
func (f *finder) affix(id int32, at int) {
	for id != none {
		e := &f.x.entries[id]
		if f.done(e) {
			return
		}
		if e.matchesBase(f.base) && (!e.direct || at == len(f.dir)) && f.hit(e.rank) {
			return
		}
		id = e.next
	}
}

func (e *entry) matchesBase(base string) bool {
	return len(base) >= len(e.prefix)+len(e.suffix) &&
		strings.HasPrefix(base, e.prefix) && strings.HasSuffix(base, e.suffix)
}

// tail tries rules that ask how the path up to end ends; its last component is
// known to be right.
func (f *finder) tail(id int32, at, end int) {
	for id != none {
		e := &f.x.entries[id]
		if f.done(e) {
			return
		}
		if !(e.strict && end == f.len()) && f.endsIn(e.tail, at, end) && f.hit(e.rank) {
			return
		}
		id = e.next
	}
}

func (f *finder) endsIn(tail string, at, end int) bool {
	if strings.LastIndexByte(tail, '/') == 0 {
		return true
	}
	return end-len(tail) >= at && strings.HasSuffix(f.path()[:end], tail)
}

// globs tries rules that only doublestar can decide.
func (f *finder) globs(id int32) {
	for id != none {
		e := &f.x.entries[id]
		if f.done(e) {
			return
		}
		if doublestar.MatchUnvalidated(e.glob, f.path()) && f.hit(e.rank) {
			return
		}
		id = e.next
	}
}

// self looks for rules filed under the path itself.
func (f *finder) self(n *node) {
	f.chain(n.exact)
	f.chain(n.subtree)
	f.globs(n.glob)
}

// beneath looks for the rules filed under a directory above the path, whose
// length is at, that decide by the base name or by the whole path.
func (f *finder) beneath(n *node, at int) {
	if n.names != nil {
		f.named(n.names, at)
	}
	f.globs(n.glob)
}

func (f *finder) named(b *byName, at int) {
	f.tail(b.insides.get(f.base, f.limit()), at, f.len())
	f.tail(b.tails.get(f.base, f.limit()), at, f.len())
	for i := range b.suffix {
		a := &b.suffix[i]
		if a.best >= f.limit() {
			break
		}
		if a.n <= len(f.base) {
			f.affix(a.get(f.base[len(f.base)-a.n:], f.limit()), at)
		}
	}
	for i := range b.prefix {
		a := &b.prefix[i]
		if a.best >= f.limit() {
			break
		}
		if a.n <= len(f.base) {
			f.affix(a.get(f.base[:a.n], f.limit()), at)
		}
	}
}

// inside looks for rules that take in all beneath a directory of some name.
// The path up to end ends in that name.
func (f *finder) inside(n *node, name string, at, end int) {
	if n.names != nil {
		f.tail(n.names.insides.get(name, f.limit()), at, end)
	}
}

// ancestors looks for rules filed under n that take in the path since one of
// the directories between n and it has the right name.
func (f *finder) ancestors(n *node, at int) {
	f.chain(n.subtree)
	f.chain(n.strict)
	if n.names == nil || len(n.names.insides.heads) == 0 {
		return
	}
	for start := at; start < len(f.dir); {
		end := componentEnd(f.dir, start+1)
		f.inside(n, f.dir[start+1:end], at, end)
		start = end
	}
}

// run finds all rules that match.
func (f *finder) run() {
	path := f.path()
	for i, at := top, 0; ; {
		n := &f.x.nodes[i]
		if at == len(path) {
			f.self(n)
			return
		}
		f.ancestors(n, at)
		f.beneath(n, at)
		if n.inner == nil {
			return
		}
		end := componentEnd(path, at+1)
		next, ok := n.inner[path[at+1:end]]
		if !ok {
			return
		}
		i, at = next, end
	}
}

// componentEnd returns the index of the slash that ends the component which
// begins at start, or the path's length.
func componentEnd(path string, start int) int {
	if i := strings.IndexByte(path[start:], '/'); i >= 0 {
		return start + i
	}
	return len(path)
}

// SPDX-License-Identifier: MIT

package oracle

import (
	"math/rand/v2"
	"slices"
)

// names are what trees, rules and operations are made of: few, so that they meet.
var names = []string{"a", "b", "c", "d", "f", "g", "n", "x.key", "y.txt", ".env", "a.d", "é"}

// maxOps bounds the operations of a case.
const maxOps = 40

// draw makes random choices.
type draw struct{ *rand.Rand }

func one[T any](d draw, from []T) T { return from[d.IntN(len(from))] }

// chance is true in n of a hundred cases.
func (d draw) chance(n int) bool { return d.IntN(100) < n }

// Random draws the case of a number. Shared is for one beside others in a
// workspace, with its directory there.
func Random(seed, number uint64, prefix string, shared bool) Case {
	d := draw{rand.New(rand.NewPCG(seed, number))}
	c := Case{Prefix: prefix, Shared: shared}
	c.Tree = d.tree()
	c.Rules = d.rules(c.Tree)
	w := newWorld(&c, 0)
	for w.unclear {
		c.Rules = d.rules(c.Tree)
		w = newWorld(&c, 0)
	}
	for n := 8 + d.IntN(maxOps-8); len(c.Ops) < n; {
		for _, o := range d.ops(w) {
			w.do(&o)
			if w.unclear || w.large() {
				return c // what follows is not known any more
			}
			c.Ops = append(c.Ops, o)
		}
	}
	return c
}

// large reports whether a file is too large to be printed.
func (w *world) large() bool {
	for _, f := range w.facts() {
		if f.size > MaxData {
			return true
		}
	}
	return false
}

// tree draws the source.
func (d draw) tree() []Source {
	var all []Source
	dirs := []string{""}
	for range 3 + d.IntN(14) {
		path := one(d, dirs) + "/" + one(d, names)
		if slices.ContainsFunc(all, func(s Source) bool { return s.Path == path }) {
			continue
		}
		s := Source{Path: path, Kind: File, Mode: one(d, []uint32{0o644, 0o644, 0o644, 0o600, 0o755, 0o444})}
		switch n := d.IntN(20); {
		case n < 8:
			s.Kind, s.Mode = Dir, one(d, []uint32{0o755, 0o755, 0o755, 0o700, 0o555})
			if len(path) < 12 {
				dirs = append(dirs, path)
			}
		case n < 10:
			s.Kind, s.Mode, s.Data = Symlink, 0o777, d.target(all, path)
		case n < 11 && len(all) > 0 && one(d, all[len(all)-1:]).Kind == File:
			s.Kind, s.Data = HardLink, all[len(all)-1].Path
		default:
			s.Data = "content of " + path
		}
		all = append(all, s)
	}
	return all
}

// target draws a symlink's text: relative, absolute, dangling or a loop.
func (d draw) target(all []Source, path string) string {
	to := "/" + one(d, names)
	if len(all) > 0 && d.chance(70) {
		to = one(d, all).Path
	}
	end := one(d, []string{"", "", "", "", "/", "/."})
	switch d.IntN(6) {
	case 0:
		return "@" + to + end
	case 1:
		_, name := split(path)
		return name
	case 2:
		return "../" + one(d, names) + end
	case 3:
		return one(d, names) + end
	}
	up := ""
	for dir, _ := split(path); dir != ""; dir, _ = split(dir) {
		up += "../"
	}
	return up + to[1:] + end
}

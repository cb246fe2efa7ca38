// SPDX-License-Identifier: MIT

package oracle

import (
	"slices"
	"strings"
)

// Shrink looks for a smaller case that fails as well, and tries at most tries of
// them. What it returns has failed.
func Shrink(c Case, tries int, fails func(Case) bool) Case {
	s := shrinker{best: c, left: tries, fails: fails}
	for s.pass() && s.left > 0 {
	}
	return s.best
}

type shrinker struct {
	best  Case
	left  int
	fails func(Case) bool
}

// try takes a case if it fails.
func (s *shrinker) try(c Case) bool {
	if s.left <= 0 || c.Expect().Invalid {
		return false
	}
	s.left--
	if !s.fails(c) {
		return false
	}
	s.best = c
	return true
}

// pass goes over all that a case has, once, and reports whether it got smaller.
func (s *shrinker) pass() bool {
	smaller := drop(s, len(s.best.Ops), func(c *Case, i, n int) { c.Ops = slices.Delete(slices.Clone(c.Ops), i, i+n) })
	smaller = drop(s, len(s.best.Rules), func(c *Case, i, n int) { c.Rules = slices.Delete(slices.Clone(c.Rules), i, i+n) }) || smaller
	for i := len(s.best.Tree) - 1; i >= 0; i-- {
		if i < len(s.best.Tree) {
			c := s.best
			c.Tree = without(c.Tree, c.Tree[i].Path)
			smaller = s.try(c) || smaller
		}
	}
	return s.simplify() || smaller
}

// drop leaves out runs of elements, long ones first.
func drop(s *shrinker, n int, cut func(c *Case, i, n int)) bool {
	smaller := false
	for run := max(1, n/2); run >= 1; run /= 2 {
		for i := n - run; i >= 0; i -= run {
			c := s.best
			if cut(&c, i, run); s.try(c) {
				n -= run
				smaller = true
				i = min(i, n)
			}
		}
	}
	return smaller
}

// without leaves out an entry with all that is beneath it or another name of it.
func without(tree []Source, path string) []Source {
	return slices.DeleteFunc(slices.Clone(tree), func(s Source) bool {
		return s.Path == path || strings.HasPrefix(s.Path, path+"/") || s.Kind == HardLink && s.Data == path
	})
}

// simplify tries plainer values in what is left.
func (s *shrinker) simplify() bool {
	smaller := false
	for i := range s.best.Ops {
		for _, plainer := range []func(o *Op){
			func(o *Op) { o.Proc = 0 },
			func(o *Op) { o.As = "" },
			func(o *Op) { o.Path = strings.TrimSuffix(o.Path, "/") },
			func(o *Op) { o.Flag &= o.Flag - 1 },
		} {
			c := s.best
			c.Ops = slices.Clone(c.Ops)
			if plainer(&c.Ops[i]); c.Ops[i] != s.best.Ops[i] {
				smaller = s.try(c) || smaller
			}
		}
	}
	for i := range s.best.Rules {
		c := s.best
		c.Rules = slices.Clone(c.Rules)
		if c.Rules[i].Priority = 0; s.best.Rules[i].Priority != 0 {
			smaller = s.try(c) || smaller
		}
	}
	return smaller
}

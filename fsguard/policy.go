// SPDX-License-Identifier: MIT

package fsguard

import (
	"slices"
)

// Policy is a compiled list of rules. It is immutable and safe for concurrent
// use. The zero value is not usable; see Compile.
//
// Of the rules that match a path one decides: the one with the higher
// Priority; then File before Directory before Glob; then the more specific
// pattern, which is the one without wildcards, then the one with the longer
// literal text before its first wildcard, then the one with fewer wildcard
// characters; then the later in the list. A path that no rule matches is None,
// except for the root, which is View at least. A level is a path's own:
// nothing is inherited from the directories above beyond what patterns say.
type Policy struct {
	given []Rule
	rules []ranked // strongest first; a rank is an index into it
	index *index
}

// Decision says which level a path has, and why.
type Decision struct {
	Path       string // canonical
	Permission Permission
	Rule       *Rule  // the deciding rule, a copy; nil if none matched
	Index      int    // its place in the list that was compiled; -1 if none matched
	Beaten     []Rule // the other rules that match, strongest first
}

// Compile makes a policy of a list of rules, which is copied. The error is a
// *RuleError that names the first bad rule. An empty list hides everything but
// the root.
func Compile(rules []Rule) (*Policy, error) {
	sorted, err := rank(rules)
	if err != nil {
		return nil, err
	}
	return &Policy{given: slices.Clone(rules), rules: sorted, index: newIndex(sorted)}, nil
}

// Level returns the level of a path of the workspace, such as "/" or "/a/b".
// A path in another form is first cleaned as path.Clean("/"+path) does. Paths
// are bytes: nothing in them is a wildcard, and they need not be UTF-8.
func (p *Policy) Level(path string) Permission {
	f := p.finder(path)
	f.run()
	if f.full == "" {
		return max(p.level(f.best), View)
	}
	return p.level(f.best)
}

// Decide returns the level of a path, as Level does, with the rule that gives
// it and those that it beat.
func (p *Policy) Decide(path string) Decision {
	f := p.finder(path)
	f.collect = true
	f.run()
	d := Decision{Path: shown(f.full), Permission: p.level(f.best), Index: -1}
	if f.full == "" {
		d.Permission = max(d.Permission, View)
	}
	if f.best == none {
		return d
	}
	slices.Sort(f.found)
	found := slices.Compact(f.found) // braces may have filed a rule twice
	rule := p.rules[f.best].rule
	d.Rule, d.Index = &rule, p.rules[f.best].index
	for _, r := range found[1:] {
		d.Beaten = append(d.Beaten, p.rules[r].rule)
	}
	return d
}

func (p *Policy) finder(path string) finder {
	path = canonical(path)
	dir, base := split(path)
	return finder{x: p.index, dir: dir, base: base, full: path, best: none}
}

func (p *Policy) level(rank int32) Permission {
	if rank == none {
		return None
	}
	return p.rules[rank].rule.Permission
}

// Rules returns a copy of the rules that were compiled, in their order.
func (p *Policy) Rules() []Rule { return slices.Clone(p.given) }

// SPDX-License-Identifier: MIT

package fsguard

import (
	"cmp"
	"slices"
	"strings"
)

// ranked is a rule with all that decides its place in the order.
type ranked struct {
	rule  Rule
	index int    // place in the caller's list
	norm  string // normalized pattern
	spec  specificity
}

// specificity says how closely a pattern describes what it matches.
type specificity struct {
	wildcards int // wildcard characters: "**" counts two, a class or a group of braces one
	literal   int // bytes before the first of them
}

func (r *ranked) setSpecificity() {
	if r.rule.Type != Glob || !strings.ContainsAny(r.norm, `*?[{\`) {
		r.spec = specificity{literal: len(r.norm)}
		return
	}
	r.spec = specificityOf(r.norm)
}

func specificityOf(glob string) specificity {
	var s specificity
	for i := 0; i < len(glob); i++ {
		switch glob[i] {
		case '*', '?', '{':
			s.wildcards++
			continue
		case '[':
			s.wildcards++
			i = classEnd(glob, i)
			continue
		case '\\':
			i++
		}
		if s.wildcards == 0 {
			s.literal++
		}
	}
	return s
}

// stronger orders two rules: negative when a decides before b. It never
// returns 0 for two rules of one list.
func stronger(a, b *ranked) int {
	return cmp.Or(
		cmp.Compare(b.rule.Priority, a.rule.Priority),
		cmp.Compare(b.rule.Type, a.rule.Type), // File > Directory > Glob
		cmp.Compare(min(a.spec.wildcards, 1), min(b.spec.wildcards, 1)),
		cmp.Compare(b.spec.literal, a.spec.literal),
		cmp.Compare(a.spec.wildcards, b.spec.wildcards),
		cmp.Compare(b.index, a.index),
	)
}

// rank validates the rules and returns them strongest first.
func rank(rules []Rule) ([]ranked, error) {
	list := make([]ranked, len(rules))
	order := make([]*ranked, len(rules))
	for i, r := range rules {
		if err := r.Validate(); err != nil {
			return nil, &RuleError{Index: i, Rule: r, Err: err}
		}
		list[i] = ranked{rule: r, index: i, norm: normalize(r.Pattern)}
		list[i].setSpecificity()
		order[i] = &list[i]
	}
	slices.SortFunc(order, stronger)
	sorted := make([]ranked, len(order))
	for i, r := range order {
		sorted[i] = *r
	}
	return sorted, nil
}

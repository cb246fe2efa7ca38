// SPDX-License-Identifier: MIT

package fsguard

import (
	"fmt"
	"slices"
	"strings"
)

// Warning says that a valid rule probably does not do what was meant.
type Warning struct {
	Index   int // the rule's place in the list
	Rule    Rule
	Message string
}

// String names the rule, as RuleError does, and says the message.
func (w Warning) String() string {
	return fmt.Sprintf("rule %d, pattern %q: %s", w.Index, w.Rule.Pattern, w.Message)
}

// Validate refuses what Compile would refuse, with the same error, and
// otherwise warns of rules that can never decide anything, or that surely mean
// something else than they say. Warnings are in the order of the rules.
func Validate(rules []Rule) ([]Warning, error) {
	p, err := Compile(rules)
	if err != nil {
		return nil, err
	}
	c := newChecker(p)
	var warnings []Warning
	for rank := range p.rules {
		r := &p.rules[rank]
		for _, m := range []string{
			warnWildcards(r), warnTopLevel(r), warnSlash(r), c.shadowed(int32(rank)), c.wayThrough(int32(rank)),
		} {
			if m != "" {
				warnings = append(warnings, Warning{Index: r.index, Rule: r.rule, Message: m})
			}
		}
	}
	slices.SortStableFunc(warnings, func(a, b Warning) int { return a.Index - b.Index })
	return warnings, nil
}

func warnWildcards(r *ranked) string {
	if r.rule.Type == Glob || !strings.ContainsAny(r.norm, "*?[{") {
		return ""
	}
	return fmt.Sprintf("in a %s pattern a wildcard stands for itself; use the type glob", r.rule.Type)
}

func warnTopLevel(r *ranked) string {
	given := strings.TrimRight(r.rule.Pattern, "/")
	if r.rule.Type != Glob || strings.Contains(given, "/") || strings.HasPrefix(given, "**") || r.spec.wildcards == 0 {
		return ""
	}
	return fmt.Sprintf("matches in the top directory only; for every level write %q", "**/"+given)
}

func warnSlash(r *ranked) string {
	if r.rule.Type != Glob || r.norm == "" || !strings.HasSuffix(r.rule.Pattern, "/") {
		return ""
	}
	return fmt.Sprintf("matches the directory but nothing in it; for all of it write %q", strings.TrimRight(r.rule.Pattern, "/")+"/**")
}

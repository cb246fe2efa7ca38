// SPDX-License-Identifier: MIT

// Package rulemodel decides rules the slow and obvious way: it tries every
// rule on the path. Tests compare the compiled policy with it.
package rulemodel

import (
	"path"
	"sort"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/sandbox-rls/sandbox/fsguard"
)

// Level returns the level that the rules, all of them valid, give a path.
func Level(rules []fsguard.Rule, p string) fsguard.Permission {
	return Decide(rules, p).Permission
}

// Decide returns the level with the rule that gives it and those it beat.
func Decide(rules []fsguard.Rule, p string) fsguard.Decision {
	p = path.Clean("/" + p)
	var matching []int
	for i, r := range rules {
		if Matches(r, p) {
			matching = append(matching, i)
		}
	}
	sort.Slice(matching, func(a, b int) bool {
		return beats(rules, matching[a], matching[b])
	})
	d := fsguard.Decision{Path: p, Index: -1}
	for n, i := range matching {
		if n == 0 {
			d.Rule, d.Index, d.Permission = &rules[i], i, rules[i].Permission
		} else {
			d.Beaten = append(d.Beaten, rules[i])
		}
	}
	if p == "/" && d.Permission < fsguard.View {
		d.Permission = fsguard.View
	}
	return d
}

// Matches reports whether a rule speaks of a clean path. The root is the empty
// string here, so that "/**" matches it as "/docs/**" matches "/docs".
func Matches(r fsguard.Rule, p string) bool {
	pattern := normal(r.Pattern)
	if p == "/" {
		p = ""
	}
	switch r.Type {
	case fsguard.File:
		return p == pattern
	case fsguard.Directory:
		return p == pattern || strings.HasPrefix(p, pattern+"/")
	}
	ok, err := doublestar.Match(pattern, p)
	return ok && err == nil
}

func normal(pattern string) string {
	var b strings.Builder
	for _, c := range strings.Split(pattern, "/") {
		if c != "" {
			b.WriteString("/" + c)
		}
	}
	return b.String()
}

// beats says whether rule i decides before rule j.
func beats(rules []fsguard.Rule, i, j int) bool {
	a, b := rules[i], rules[j]
	if a.Priority != b.Priority {
		return a.Priority > b.Priority
	}
	if a.Type != b.Type {
		return a.Type > b.Type
	}
	wildA, literalA := describe(a)
	wildB, literalB := describe(b)
	if (wildA == 0) != (wildB == 0) {
		return wildA == 0
	}
	if literalA != literalB {
		return literalA > literalB
	}
	if wildA != wildB {
		return wildA < wildB
	}
	return i > j
}

// describe counts the wildcard characters of a pattern and the literal bytes
// before the first.
func describe(r fsguard.Rule) (wild, literal int) {
	pattern := normal(r.Pattern)
	if r.Type != fsguard.Glob {
		return 0, len(pattern)
	}
	escaped, class := false, false
	for _, c := range []byte(pattern) {
		switch {
		case escaped:
			escaped = false
		case c == '\\':
			escaped = true
			continue
		case class:
			class = c != ']'
			continue
		case c == '[':
			wild++
			class = true
			continue
		case c == '*' || c == '?' || c == '{':
			wild++
			continue
		}
		if wild == 0 {
			literal++
		}
	}
	return wild, literal
}

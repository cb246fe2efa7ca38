// SPDX-License-Identifier: MIT

package fsguard_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/rulemodel"
)

// A small alphabet makes patterns and paths meet.
var (
	names    = []string{"a", "b", "ab", "a.b", ".b", "b.a", "aab", "*", "a*", "[", `\`, "\n", "\xff", "a\xfe", "\ufffd", "é", ".", "{a,b}", "a]"}
	wildcard = []string{"**", "*", "a*", "*b", "*.b", "a*b", "?", "?b", "[ab]", "[!a]", "{a,b}", "*.{a,b}", "{a*,b}", "{,a}b", "**a", `\*`, `\a`, "{a,b}{a,b}", "a{/b,b}", "{**,a}", "\xff", "\xfe*", "***", "[", "}", "{a,[,]}", "[^/]", "[+-9]", "a*a*b"}
)

func drawPath() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		n := rapid.SliceOfN(rapid.SampledFrom(names), 0, 5).Draw(t, "components")
		return "/" + strings.Join(n, "/")
	})
}

func drawRules(most int) *rapid.Generator[[]fsguard.Rule] {
	valid := func(r fsguard.Rule) bool { return r.Validate() == nil }
	rule := rapid.Custom(func(t *rapid.T) fsguard.Rule {
		parts := rapid.OneOf(rapid.SampledFrom(names), rapid.SampledFrom(wildcard), rapid.Just("**"))
		pattern := strings.Join(rapid.SliceOfN(parts, 0, 4).Draw(t, "parts"), "/")
		slash := rapid.SampledFrom([]string{"", "/"})
		return fsguard.Rule{
			Pattern:    slash.Draw(t, "slash") + pattern + slash.Draw(t, "end"),
			Type:       rapid.SampledFrom([]fsguard.PatternType{fsguard.Glob, fsguard.Glob, fsguard.Directory, fsguard.File}).Draw(t, "type"),
			Permission: fsguard.Permission(rapid.IntRange(0, 3).Draw(t, "permission")),
			Priority:   rapid.IntRange(-1, 1).Draw(t, "priority"),
		}
	}).Filter(valid)
	return rapid.SliceOfN(rule, 0, most)
}

// Few rules, which meet each other, and so many that the index takes its other
// ways.
func TestPolicyEqualsModel(t *testing.T) {
	for _, most := range []int{8, 150} {
		t.Run(fmt.Sprintf("at most %d rules", most), rapid.MakeCheck(func(t *rapid.T) {
			rules := drawRules(most).Draw(t, "rules")
			p, err := fsguard.Compile(rules)
			if err != nil {
				t.Fatal(err)
			}
			for range 8 {
				checkPath(t, p, rules, drawPath().Draw(t, "path"))
			}
		}))
	}
}

// TestManyRulesEqualModel asks about paths that thousands of rules of the usual
// shapes speak of, and about their neighbours.
func TestManyRulesEqualModel(t *testing.T) {
	rules := manyRules(3000)
	p := compile(t, rules...)
	for i := 9; i < len(rules); i += 37 {
		name := strings.NewReplacer("/**", "", "**", "x", "*", "y", "[a-m]", "b", "{c,h}", "c").Replace(rules[i].Pattern)
		for _, path := range []string{name, name + "/z/y.go", "/a/b/" + name, "/a" + name + "/z", name + "1", "/a/1" + name} {
			checkPath(t, p, rules, path)
		}
	}
}

type fataler interface{ Fatalf(string, ...any) }

// checkPath compares all the ways to ask about a path and its parents.
func checkPath(t fataler, p *fsguard.Policy, rules []fsguard.Rule, path string) {
	want := rulemodel.Decide(rules, path)
	got := p.Decide(path)
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("Decide(%q): -model +policy\n%s", path, d)
	}
	if l := p.Level(path); l != want.Permission {
		t.Fatalf("Level(%q) = %v, model says %v", path, l, want.Permission)
	}
	if want.Path == "/" {
		return
	}
	if hi := p.MaxLevel(); want.Permission > hi {
		t.Fatalf("MaxLevel is %v, %q is %v", hi, path, want.Permission)
	}
	parts := strings.Split(want.Path[1:], "/")
	d, at := p.Dir("/"), ""
	for i, name := range parts {
		lo, hi := p.Beneath(at + "/")
		if want.Permission < lo || want.Permission > hi {
			t.Fatalf("Beneath(%q) = %v, %v, but %q is %v", at+"/", lo, hi, path, want.Permission)
		}
		if i == len(parts)-1 {
			if l := d.Level(name); l != want.Permission {
				t.Fatalf("Dir(%q).Level(%q) = %v, model says %v", at, name, l, want.Permission)
			}
		}
		d, at = d.Child(name), at+"/"+name
	}
}

// A subtree that Beneath calls writable is a prefix that needs no other check.
func TestPolicyWritePrefixesAreUsable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, err := fsguard.Compile(drawRules(8).Draw(t, "rules"))
		if err != nil {
			t.Fatal(err)
		}
		for _, dir := range p.WritePrefixes() {
			_, hi := p.Beneath(dir)
			if dir == "/" || hi != write && p.Level(dir) != write {
				t.Fatalf("prefix %q: level %v, beneath it at most %v", dir, p.Level(dir), hi)
			}
		}
	})
}

// SPDX-License-Identifier: MIT

package fsguard_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/rulemodel"
)

func TestValidateWarnings(t *testing.T) {
	for _, tc := range []struct {
		name  string
		rules []fsguard.Rule
		want  []string // "index: part of the message"
	}{
		{"usual rules", nineRules(), nil},
		{"only what is shown", []fsguard.Rule{glob("/a/b/**", read)}, nil},
		{"top level", []fsguard.Rule{glob("*.key", none)}, []string{`0: "**/*.key"`}},
		{"top level meant", []fsguard.Rule{glob("/*.key", none)}, nil},
		{"wildcard in a directory", []fsguard.Rule{dir("/a*", read), file("/[b]", read)}, []string{"0: directory", "1: file"}},
		{"slash", []fsguard.Rule{glob("/docs/", read)}, []string{`0: "/docs/**"`}},
		{"twice", []fsguard.Rule{glob("**/*.key", none), glob("**/*.key", read)}, []string{"0: never decides: rule 1"}},
		{"twice, general", []fsguard.Rule{glob("/a/[b]", none), glob("/a/[b]", read)}, []string{"0: never decides: rule 1"}},
		{"under a stronger one", []fsguard.Rule{glob("/a/b", read), prio(glob("/a/**", none), 1)}, []string{"0: never decides: rule 1"}},
		{"equal and later", []fsguard.Rule{glob("**/*.key", none), glob("**/*", read)}, []string{"0: never decides: rule 1"}},
		{"braces, one free", []fsguard.Rule{glob("/{a,b}/**", read), prio(glob("/a/**", none), 1)}, nil},
		{"way through", []fsguard.Rule{dir("/a", none), dir("/a/b/c", read)}, []string{`1: "/a/b"`}},
		{"way through by a glob", []fsguard.Rule{dir("/a", none), prio(glob("/a/*.md", read), 1)}, []string{`1: "/a"`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := fsguard.Validate(tc.rules)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != len(tc.want) {
				t.Fatalf("got %v, want %v", got, tc.want)
			}
			for i, w := range got {
				index, part, _ := strings.Cut(tc.want[i], ": ")
				if fmt.Sprint(w.Index) != index || !strings.Contains(w.Message, part) {
					t.Errorf("got %v, want %v", w, tc.want[i])
				}
			}
		})
	}
	if _, err := fsguard.Validate([]fsguard.Rule{glob("[", read)}); err == nil {
		t.Error("a malformed pattern is accepted")
	}
}

// A rule that is said never to decide does not.
func TestValidateNeverDecides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := drawRules(8).Draw(t, "rules")
		warnings, err := fsguard.Validate(rules)
		if err != nil {
			t.Fatal(err)
		}
		never := map[int]bool{}
		for _, w := range warnings {
			if strings.HasPrefix(w.Message, "never decides") {
				never[w.Index] = true
			}
		}
		for range 8 {
			path := drawPath().Draw(t, "path")
			if d := rulemodel.Decide(rules, path); never[d.Index] {
				t.Fatalf("rule %d decides %q", d.Index, path)
			}
		}
	})
}

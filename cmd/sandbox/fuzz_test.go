// SPDX-License-Identifier: MIT

//go:build linux

package main

import (
	"maps"
	"strconv"
	"strings"
	"testing"
)

// FuzzRule asks that a rule that is taken is valid, and has the pattern as it was given.
func FuzzRule(f *testing.F) {
	for _, s := range []string{"read:/src/**", "none@20:/output/private", "write@-1:a:b", "view:", "@:", "read@99999999999999999999:/a", "WRITE:[", "none:\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rule, err := parseRule(text)
		if err != nil {
			return
		}
		if err := rule.Validate(); err != nil {
			t.Errorf("%q was taken: %v", text, err)
		}
		again := rule.Permission.String() + "@" + strconv.Itoa(rule.Priority) + ":" + rule.Pattern
		if r, err := parseRule(again); err != nil || r != rule || !strings.HasSuffix(text, ":"+rule.Pattern) {
			t.Errorf("%q is %+v, and %q is %+v, %v", text, rule, again, r, err)
		}
	})
}

// FuzzLabels asks that labels are what was written, and that the name of a sandbox
// can be no id and no option.
func FuzzLabels(f *testing.F) {
	f.Add("a=b", "a=b=c", "box-1")
	f.Add("=", "\xff=\x00", "sb_0")
	f.Add("k", "", "-x")
	f.Fuzz(func(t *testing.T, a, b, name string) {
		if labels, err := parseLabels([]string{a, b}); err == nil {
			want := map[string]string{}
			for _, text := range []string{a, b} {
				i := strings.IndexByte(text, '=')
				want[text[:i]] = text[i+1:]
			}
			if _, empty := labels[""]; empty || !maps.Equal(labels, want) {
				t.Errorf("%q, %q: %q", a, b, labels)
			}
		}
		if validName(name) && (strings.ContainsAny(name, "/\x00 =") || strings.HasPrefix(name, "-") || strings.HasPrefix(name, "sb_")) {
			t.Errorf("%q is taken for a name", name)
		}
	})
}

// SPDX-License-Identifier: MIT

package fsguard_test

import (
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox/fsguard"
)

// FuzzPolicy takes two patterns and a path, with bytes for what else a rule has.
func FuzzPolicy(f *testing.F) {
	for _, s := range []struct {
		a, b string
		bits uint16
		path string
	}{
		{"/secrets/**", "**/*", 0x08, "/secrets/a"},
		{"**/.env*", "/output/**", 0x43, "/output/.env"},
		{"**/*.{key,pem}", "**/.docker/config.json", 0x11, "/h/.docker/config.json"},
		{"[!a]*", "/a/[b/c]", 0x22, "/a/b"},
		{"**/\xff*", "/\xfe", 0x01, "/\xff"},
		{"/a/**/b/**/*", "{**,a}/b", 0x31, "/a/b/c/b/d"},
		{"/", "*", 0x1f, "/"},
		{"a***/*", "{*}0", 28, "a/\xff\xff"},
	} {
		f.Add(s.a, s.b, s.bits, s.path)
	}
	f.Fuzz(func(t *testing.T, a, b string, bits uint16, path string) {
		if strings.Count(a+b, "{")+strings.Count(a+b, "*") > 12 || len(path) > 200 {
			return // valid, but the model takes its time over it
		}
		rules := []fsguard.Rule{
			{Pattern: a, Type: fsguard.PatternType(bits & 3), Permission: fsguard.Permission(bits >> 2 & 3), Priority: int(bits >> 4 & 1)},
			{Pattern: b, Type: fsguard.PatternType(bits >> 5 & 3), Permission: fsguard.Permission(bits >> 7 & 3), Priority: int(bits >> 9 & 1)},
		}
		p, err := fsguard.Compile(rules)
		if err != nil {
			return
		}
		checkPath(t, p, rules, path)
		checkPath(t, p, rules, a) // a pattern is a likely path
	})
}

// FuzzPattern asks that whatever Validate accepts compiles and can be asked.
func FuzzPattern(f *testing.F) {
	for _, s := range []string{"", "/", "**", "/a/../b", "[", "{a,b", `\`, "{a,{b,c}}", "[]a]", "a\x00", "{[,]}", "*.key/", "**/**"} {
		f.Add(s, uint8(0))
		f.Add(s, uint8(1))
	}
	f.Fuzz(func(t *testing.T, pattern string, typ uint8) {
		r := fsguard.Rule{Pattern: pattern, Type: fsguard.PatternType(typ), Permission: fsguard.Write}
		valid := r.Validate()
		p, err := fsguard.Compile([]fsguard.Rule{r})
		if (valid == nil) != (err == nil) {
			t.Fatalf("Validate says %v, Compile %v", valid, err)
		}
		if err != nil {
			return
		}
		p.Level("/a/b")
		p.Beneath("/a")
		p.WritePrefixes()
		if _, err := fsguard.Validate([]fsguard.Rule{r}); err != nil {
			t.Fatal(err)
		}
	})
}

// SPDX-License-Identifier: MIT

package fsguard_test

import (
	"fmt"
	"testing"

	"github.com/sandbox-rls/sandbox/fsguard"
)

// nineRules is what a usual ruleset looks like.
func nineRules() []fsguard.Rule {
	return []fsguard.Rule{
		glob("**/*", read), glob("/output/**", write), glob("/tmp/**", write),
		prio(glob("**/.env*", none), 100), prio(glob("**/*.key", none), 100), prio(glob("**/*.pem", none), 100),
		prio(glob("**/credentials*", none), 100), prio(glob("**/secrets/**", none), 100), prio(glob("**/.git/**", none), 100),
	}
}

// manyRules mixes the usual shapes, n in all.
func manyRules(n int) []fsguard.Rule {
	if n == 1 {
		return []fsguard.Rule{glob("**/*", read)}
	}
	rules := nineRules()
	for i := len(rules); i < n; i++ {
		p := fsguard.Permission(i % 4)
		switch i % 8 {
		case 0:
			rules = append(rules, file(fmt.Sprintf("/src/pkg%d/main.go", i), p))
		case 1:
			rules = append(rules, dir(fmt.Sprintf("/src/pkg%d", i), p))
		case 2:
			rules = append(rules, glob(fmt.Sprintf("/src/pkg%d/**/*.go", i), p))
		case 3:
			rules = append(rules, glob(fmt.Sprintf("**/*.ext%d", i), p))
		case 4:
			rules = append(rules, glob(fmt.Sprintf("**/name%d*", i), p))
		case 5:
			rules = append(rules, glob(fmt.Sprintf("**/dir%d/**", i), p))
		case 6:
			rules = append(rules, glob(fmt.Sprintf("/lib/mod%d/[a-m]*.{c,h}", i), p))
		case 7:
			rules = append(rules, glob(fmt.Sprintf("**/file%d.txt", i), p))
		}
	}
	return rules
}

var benchPaths = []string{
	"/src/pkg9/sub/deep/file.go", "/README.md", "/output/result.json", "/lib/mod14/zlib.c",
	"/node_modules/left-pad/index.js", "/a/b/c/d/e/f/g.txt", "/src/.env", "/docs/guide/intro.md",
}

func BenchmarkLevel(b *testing.B) {
	for _, n := range []int{1, 9, 100, 10000} {
		p := compile(b, manyRules(n)...)
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				p.Level(benchPaths[i%len(benchPaths)])
			}
		})
	}
}

func BenchmarkDirMatcher(b *testing.B) {
	for _, n := range []int{9, 10000} {
		d := compile(b, manyRules(n)...).Dir("/src/pkg9/sub/deep")
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d.Level("file.go")
			}
		})
	}
}

func BenchmarkBeneath(b *testing.B) {
	for _, n := range []int{9, 10000} {
		d := compile(b, manyRules(n)...).Dir("/src/pkg9/sub/deep")
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d.Beneath()
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{9, 10000} {
		rules := manyRules(n)
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				compile(b, rules...)
			}
		})
	}
}

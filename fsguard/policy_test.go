// SPDX-License-Identifier: MIT

package fsguard_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-rls/sandbox/fsguard"
)

func compile(t testing.TB, rules ...fsguard.Rule) *fsguard.Policy {
	t.Helper()
	p, err := fsguard.Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func glob(pattern string, p fsguard.Permission) fsguard.Rule {
	return fsguard.Rule{Pattern: pattern, Permission: p}
}

func prio(r fsguard.Rule, priority int) fsguard.Rule {
	r.Priority = priority
	return r
}

func dir(pattern string, p fsguard.Permission) fsguard.Rule {
	return fsguard.Rule{Pattern: pattern, Type: fsguard.Directory, Permission: p}
}

func file(pattern string, p fsguard.Permission) fsguard.Rule {
	return fsguard.Rule{Pattern: pattern, Type: fsguard.File, Permission: p}
}

const (
	none  = fsguard.None
	view  = fsguard.View
	read  = fsguard.Read
	write = fsguard.Write
)

func TestPolicyLevel(t *testing.T) {
	type levels map[string]fsguard.Permission
	for _, tc := range []struct {
		name  string
		rules []fsguard.Rule
		want  levels
	}{
		{"no rules", nil, levels{"/": view, "/a": none, "/a/b": none}},
		{"all", []fsguard.Rule{glob("/**", read)}, levels{"/": read, "/a": read, "/a/b": read}},
		{"all beneath the root", []fsguard.Rule{glob("**/*", read)}, levels{"/": view, "/a": read, "/a/.b": read}},
		{"subtree takes in its top", []fsguard.Rule{glob("/docs/**", write)}, levels{"/docs": write, "/docs/a/b": write, "/docsx": none, "/": view}},
		{"top level only", []fsguard.Rule{glob("*.key", read)}, levels{"/a.key": read, "/.key": read, "/d/a.key": none, "/a.key/b": none}},
		{"every level", []fsguard.Rule{glob("**/*.key", read)}, levels{"/a.key": read, "/d/e/a.key": read, "/d/a.key/b": none}},
		{"specific beats general", []fsguard.Rule{glob("/secrets/**", none), glob("**/*", read)}, levels{"/secrets": none, "/secrets/a": none, "/a": read}},
		{"in either order", []fsguard.Rule{glob("**/*", read), glob("/secrets/**", none)}, levels{"/secrets": none, "/secrets/a": none, "/a": read}},
		{"priority first", []fsguard.Rule{file("/a", write), prio(glob("/**", none), 1)}, levels{"/a": none}},
		{"file, directory, glob", []fsguard.Rule{glob("/a/b", read), dir("/a", view), file("/a/c", write)}, levels{"/a": view, "/a/b": view, "/a/c": write, "/a/d/e": view}},
		{"longer directory", []fsguard.Rule{dir("/a/b", none), dir("/a", write)}, levels{"/a/b/c": none, "/a/c": write}},
		{"fewer wildcards", []fsguard.Rule{glob("/a/*", read), glob("/a/**", view)}, levels{"/a/b": read, "/a/b/c": view}},
		{"later of equals", []fsguard.Rule{glob("**/*.a", read), glob("**/b.*", view)}, levels{"/b.a": view, "/c.a": read}},
		{"directory slash", []fsguard.Rule{dir("/docs/", write), dir("lib", read)}, levels{"/docs/x": write, "/docs": write, "/lib/x": read}},
		{"whole root", []fsguard.Rule{dir("/", write)}, levels{"/": write, "/x/y": write}},
		{"root hidden", []fsguard.Rule{dir("/", none)}, levels{"/": view, "/x": none}},
		{"root itself", []fsguard.Rule{file("/", write)}, levels{"/": write, "/x": none}},
		{"braces", []fsguard.Rule{glob("**/*.{key,pem}", read)}, levels{"/a/b.pem": read, "/b.key": read, "/b.kem": none}},
		{"class", []fsguard.Rule{glob("/a/[!b]*.py[co]", read)}, levels{"/a/x.pyc": read, "/a/b.pyc": none, "/a/x.py": none}},
		{"inside a directory of a name", []fsguard.Rule{glob("**/.git/**", read)}, levels{"/.git": read, "/a/.git/x/y": read, "/a/.gitx": none}},
		{"two last components", []fsguard.Rule{glob("**/.docker/config.json", read)}, levels{"/.docker/config.json": read, "/h/.docker/config.json": read, "/config.json": none, "/x.docker/config.json": none}},
		{"a path is never a pattern", []fsguard.Rule{file("/a*[b", read), glob(`/c\*`, write)}, levels{"/a*[b": read, "/axxb": none, "/c*": write, "/cd": none}},
		{"bytes", []fsguard.Rule{glob("**/*.key", read), file("/\xff", view)}, levels{"/\xff\n.key": read, "/\xff": view, "/\xfe": none}},
		{"unclean", []fsguard.Rule{file("/a/b", read)}, levels{"a/b": read, "/a//b/": read, "/a/./c/../b": read, "/../a/b": read}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := compile(t, tc.rules...)
			for path, want := range tc.want {
				if got := p.Level(path); got != want {
					t.Errorf("Level(%q) = %v, want %v", path, got, want)
				}
			}
		})
	}
}

func TestPolicyDecide(t *testing.T) {
	rules := []fsguard.Rule{glob("**/*", read), prio(glob("**/.env*", none), 100), glob("/output/**", write)}
	p := compile(t, rules...)
	got := p.Decide("/output//.env")
	want := fsguard.Decision{
		Path: "/output/.env", Permission: none, Rule: &rules[1], Index: 1,
		Beaten: []fsguard.Rule{rules[2], rules[0]},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Decide: -want +got\n%s", d)
	}
	got = compile(t).Decide("/x")
	if d := cmp.Diff(fsguard.Decision{Path: "/x", Index: -1}, got); d != "" {
		t.Errorf("Decide without rules: -want +got\n%s", d)
	}
}

func TestPolicyBeneath(t *testing.T) {
	open := []fsguard.Rule{glob("**/*", read), glob("/output/**", write)}
	safe := append([]fsguard.Rule{prio(glob("**/.env*", none), 100), prio(glob("**/.git/**", none), 100)}, open...)
	allow := []fsguard.Rule{glob("/src/*/gen/*.go", write), file("/a/b/c", read), glob("/top/*", read)}
	for _, tc := range []struct {
		name   string
		rules  []fsguard.Rule
		dir    string
		lo, hi fsguard.Permission
	}{
		{"open", open, "/output", write, write},
		{"open", open, "/output/x/y", write, write},
		{"open", open, "/src", read, read},
		{"open", open, "/", read, write},
		{"safe", safe, "/output", none, write},
		{"safe", safe, "/src", none, read},
		{"safe", safe, "/src/.git", none, none},
		{"safe", safe, "/src/.git/objects", none, none},
		{"no rules", nil, "/", none, none},
		{"allow", allow, "/src/x/gen", none, write},
		{"allow", allow, "/src/x/gen/y", none, none},
		{"allow", allow, "/src/x/other", none, none},
		{"allow", allow, "/a", none, read},
		{"allow", allow, "/a/b", none, read},
		{"allow", allow, "/a/b/c", none, none},
		{"allow", allow, "/top", none, read},
		{"allow", allow, "/top/x", none, none},
		{"hidden whole", []fsguard.Rule{dir("/d", none), glob("/d/**", write)}, "/d", none, none},
		{"general cover", []fsguard.Rule{glob("/[ab]/**", write)}, "/a/x", write, write},
	} {
		p := compile(t, tc.rules...)
		lo, hi := p.Beneath(tc.dir)
		if lo != tc.lo || hi != tc.hi {
			t.Errorf("%s: Beneath(%q) = %v, %v, want %v, %v", tc.name, tc.dir, lo, hi, tc.lo, tc.hi)
		}
	}
}

func TestPolicyWritePrefixes(t *testing.T) {
	for _, tc := range []struct {
		rules []fsguard.Rule
		want  []string
	}{
		{[]fsguard.Rule{glob("/tmp/**", write), glob("/output/**", write), glob("/tmp/**/*", write)}, []string{"/output", "/tmp"}},
		{[]fsguard.Rule{dir("docs/", write), glob("**/x", write), glob("*.md", write)}, []string{"/docs"}},
		{[]fsguard.Rule{file("/a/b.txt", write), glob("/c/d/e", write), file("/f", write)}, []string{"/a", "/c/d"}},
		{[]fsguard.Rule{glob("/src/*.go", write), glob("/lib/{a,b}/**", write)}, []string{"/lib/a", "/lib/b", "/src"}},
		{[]fsguard.Rule{glob("/out/**", write), prio(glob("/out/**", read), 1)}, nil},
		{[]fsguard.Rule{glob("/out/**/*.txt", write), prio(dir("/out", read), 1)}, nil},
		{[]fsguard.Rule{file("/a/b", write), prio(glob("/a/**", none), 1)}, nil},
		{[]fsguard.Rule{glob("/**", write)}, nil},
	} {
		got := compile(t, tc.rules...).WritePrefixes()
		if d := cmp.Diff(tc.want, got); d != "" {
			t.Errorf("%v: -want +got\n%s", tc.rules, d)
		}
	}
}

func TestPolicyMaxLevel(t *testing.T) {
	for _, tc := range []struct {
		rules []fsguard.Rule
		want  fsguard.Permission
	}{
		{nil, view},
		{[]fsguard.Rule{glob("/**", view)}, view},
		{[]fsguard.Rule{glob("/**", view), file("/a", read)}, read},
		{[]fsguard.Rule{file("/", write)}, write},
		{[]fsguard.Rule{glob("/**", write), prio(glob("/**", read), 1)}, read},
	} {
		if got := compile(t, tc.rules...).MaxLevel(); got != tc.want {
			t.Errorf("%v: MaxLevel = %v, want %v", tc.rules, got, tc.want)
		}
	}
}

func TestPolicyDigest(t *testing.T) {
	a := compile(t, glob("/a/**", read), glob("**/b", none))
	for _, same := range []*fsguard.Policy{
		compile(t, glob("a/**/", read), glob("**/b", none)),
		compile(t, glob("**/b", none), glob("/a/**", read)),
	} {
		if a.Digest() != same.Digest() {
			t.Error("equal policies have different digests")
		}
	}
	for _, other := range []*fsguard.Policy{
		compile(t, glob("/a/**", read)),
		compile(t, glob("/a/**", write), glob("**/b", none)),
		compile(t, glob("/a/**", read), prio(glob("**/b", none), 1)),
		compile(t, dir("/a/**", read), glob("**/b", none)),
	} {
		if a.Digest() == other.Digest() {
			t.Error("different policies have one digest")
		}
	}
}

func TestPolicyRulesAreCopies(t *testing.T) {
	rules := []fsguard.Rule{glob("/a", read)}
	p := compile(t, rules...)
	rules[0].Pattern = "/b"
	p.Rules()[0].Pattern = "/c"
	p.Decide("/a").Rule.Pattern = "/d"
	if p.Rules()[0].Pattern != "/a" || p.Level("/a") != read {
		t.Error("the policy shares memory with its caller")
	}
}

func TestPolicyDirMatcher(t *testing.T) {
	p := compile(t, glob("**/*", read), glob("/a/b/**", write), prio(glob("**/.git/**", none), 1), file("/a/b/c/d", view))
	d := p.Dir("/").Child("a").Child("b")
	if got := d.Level("x"); got != write {
		t.Errorf("x: %v", got)
	}
	if got := d.Child(".git").Child("y").Level("z"); got != none {
		t.Errorf(".git/y/z: %v", got)
	}
	if got := p.Dir("/a/b/c/").Level("d"); got != view {
		t.Errorf("d: %v", got)
	}
	if got := d.Level("../x"); got != read {
		t.Errorf("../x: %v", got)
	}
	if got := d.Child("..").Path(); got != "/a" {
		t.Errorf("Child(..) = %q", got)
	}
}

func TestPolicyLevelDoesNotAllocate(t *testing.T) {
	p := compile(t, nineRules()...)
	d := p.Dir("/src/pkg")
	if n := testing.AllocsPerRun(100, func() {
		p.Level("/src/pkg/file.go")
		p.Level("/output/.env")
		d.Level("file.go")
		d.Beneath()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestCompileError(t *testing.T) {
	_, err := fsguard.Compile([]fsguard.Rule{glob("/a", read), glob("/[", read)})
	var re *fsguard.RuleError
	if !errors.As(err, &re) || re.Index != 1 || !errors.Is(err, fsguard.ErrBadPattern) {
		t.Errorf("Compile: %v", err)
	}
}

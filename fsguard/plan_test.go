// SPDX-License-Identifier: MIT

package fsguard_test

import (
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

var update = flag.Bool("update", false, "write the golden files anew")

// sample is a listing made by hand: a suffix gives the type ("/" directory,
// "@" link, "|" FIFO, "?" unexamined).
func sampleTree(paths ...string) *tree.Tree {
	t := &tree.Tree{Entries: []tree.Entry{{Path: "/", Mode: fs.ModeDir | 0o755, ModTime: 1000}}}
	for i, path := range paths {
		e := tree.Entry{Path: path, Mode: 0o644, Size: int64(i), ModTime: int64(2000 + i)}
		for suffix, mode := range map[string]fs.FileMode{
			"/": fs.ModeDir | 0o755, "@": fs.ModeSymlink | 0o777, "|": fs.ModeNamedPipe | 0o644, "?": fs.ModeIrregular,
		} {
			if p, ok := strings.CutSuffix(path, suffix); ok {
				e.Path, e.Mode = p, mode
			}
		}
		t.Entries = append(t.Entries, e)
	}
	slices.SortFunc(t.Entries, func(a, b tree.Entry) int { return tree.Compare(a.Path, b.Path) })
	return t
}

func sampleProject() *tree.Tree {
	return sampleTree("/.env", "/.git/", "/.git/HEAD", "/.git/objects/", "/.git/objects/aa",
		"/README.md", "/docs/", "/docs/guide.md", "/docs-old/", "/docs-old/a", "/docs.txt",
		"/link@", "/src/", "/src/main.go", "/src/secrets/", "/src/secrets/key", "/src/secrets/public/", "/src/secrets/public/a.md",
		"/run/", "/run/fifo|", "/run/odd?", "/vendor/", "/vendor/x/", "/vendor/x/y.go")
}

func planPolicy(t interface{ Fatal(args ...any) }, rules ...fsguard.Rule) *fsguard.Policy {
	p, err := fsguard.Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func planRule(pattern string, p fsguard.Permission) fsguard.Rule {
	return fsguard.Rule{Pattern: pattern, Permission: p}
}

func priorRule(priority int, r fsguard.Rule) fsguard.Rule {
	r.Priority = priority
	return r
}

func TestPlanGolden(t *testing.T) {
	const none, view, read, write = fsguard.None, fsguard.View, fsguard.Read, fsguard.Write
	unlisted := sampleProject()
	unlisted.Problems = []tree.Problem{{Path: "/vendor", Err: fs.ErrPermission}}
	for _, test := range []struct {
		name  string
		tree  *tree.Tree
		rules []fsguard.Rule
	}{
		{"no-rules", sampleProject(), nil},
		{"read-all", sampleProject(), []fsguard.Rule{planRule("**", read)}},
		{"view-all", sampleProject(), []fsguard.Rule{planRule("**", view)}},
		{"secrets", sampleProject(), []fsguard.Rule{
			planRule("**", read), priorRule(1, planRule("**/.env*", none)), priorRule(1, planRule("/.git/**", none)), priorRule(1, planRule("**/secrets/**", none)),
		}},
		{"through", sampleProject(), []fsguard.Rule{planRule("/**/*.md", read)}},
		{"view-some", sampleProject(), []fsguard.Rule{planRule("**", read), planRule("/src/**", view), planRule("/*", view)}},
		{"write-missing", sampleProject(), []fsguard.Rule{
			planRule("**", read), planRule("/out/a/b/**", write), planRule("/docs/**", write), planRule("/README.md/x/**", write),
		}},
		{"write-beneath-hidden", sampleProject(), []fsguard.Rule{
			planRule("/src/secrets/new/deep/**", write), planRule("/.git/objects/**", write), planRule("/link/x/**", write), planRule("/vendor/x/y.go", write),
		}},
		{"unlisted", unlisted, []fsguard.Rule{planRule("**", read), planRule("/vendor/x/**", none)}},
		{"unlisted-readable", unlisted, []fsguard.Rule{planRule("**", read), planRule("/vendor/new/**", write)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			plan := fsguard.NewPlan(test.tree, planPolicy(t, test.rules...))
			got, err := json.MarshalIndent(planView(plan), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, '\n')
			golden := filepath.Join("testdata", "plan", test.name+".json")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// readable is a plan with less to read.
func planView(p *fsguard.Plan) any {
	names := func(entries []tree.Entry) []string {
		var all []string
		for _, e := range entries {
			all = append(all, e.Path)
		}
		return all
	}
	return struct {
		Hidden, Through, Placeholders, Missing, Dirs, Facade []string
		Writable, NothingReadable                            bool
		VisibleEntries, HiddenEntries                        int
	}{
		p.Hidden, p.Through, names(p.Placeholders), p.Missing, names(p.Dirs), names(p.Facade),
		p.Writable, p.NothingReadable, p.VisibleEntries, p.HiddenEntries,
	}
}

func TestHiddenBeneath(t *testing.T) {
	plan := &fsguard.Plan{Hidden: []string{"/a/b", "/a-c", "/d/e/f"}}
	for path, want := range map[string]bool{
		"/": true, "/a": true, "/a/b": true, "/a/b/c": true, "/a/b-": false, "/a/c": false, "/a-": false,
		"/a-c": true, "/a-c/x": true, "/d": true, "/d/e": true, "/d/e/f": true, "/d/f": false, "/z": false, "/b": false,
	} {
		if got := plan.HiddenBeneath(path); got != want {
			t.Errorf("HiddenBeneath(%q) = %v", path, got)
		}
	}
	if (&fsguard.Plan{}).HiddenBeneath("/") {
		t.Error("nothing is hidden, but something is")
	}
}

func TestPlanDigest(t *testing.T) {
	policy := planPolicy(t, planRule("**", fsguard.Read), planRule("/src/**", fsguard.View), planRule("/.env", fsguard.None))
	base := fsguard.NewPlan(sampleProject(), policy).Digest()
	if fsguard.NewPlan(sampleProject(), policy).Digest() != base {
		t.Fatal("not a function of the tree and the rules")
	}
	for name, test := range map[string]struct {
		change func(t *tree.Tree)
		same   bool
	}{
		"placeholder's size": {func(t *tree.Tree) { t.Lookup("/src/main.go").Size++ }, false},
		"placeholder's time": {func(t *tree.Tree) { t.Lookup("/src/main.go").ModTime++ }, false},
		"directory's mode":   {func(t *tree.Tree) { t.Lookup("/src").Mode &^= 0o7 }, false},
		"readable file":      {func(t *tree.Tree) { t.Lookup("/README.md").Size++ }, true},
		"hidden file":        {func(t *tree.Tree) { t.Lookup("/.env").Size++ }, true},
	} {
		changed := sampleProject()
		test.change(changed)
		if got := fsguard.NewPlan(changed, policy).Digest() == base; got != test.same {
			t.Errorf("%s: same digest %v, want %v", name, got, test.same)
		}
	}
}

// The naive model: a path is visible when its level is, or when it is a
// directory with something visible beneath.
func TestPlanAgreesWithTheNaiveModel(t *testing.T) {
	pattern := rapid.SampledFrom([]string{"**", "/a/**", "/a/b/**", "**/b", "/*", "/b/*", "**/c/**", "/a/b/c", "/c"})
	level := rapid.SampledFrom([]fsguard.Permission{fsguard.None, fsguard.View, fsguard.Read})
	rapid.Check(t, func(t *rapid.T) {
		var rules []fsguard.Rule
		for range rapid.IntRange(0, 5).Draw(t, "rules") {
			rules = append(rules, priorRule(rapid.IntRange(0, 2).Draw(t, "priority"), planRule(pattern.Draw(t, "pattern"), level.Draw(t, "level"))))
		}
		policy := planPolicy(t, rules...)
		var paths []string
		var fill func(dir string, depth int)
		fill = func(dir string, depth int) {
			for _, name := range []string{"a", "b", "c", "a-"} {
				path := dir + "/" + name
				switch kind := rapid.IntRange(0, 2).Draw(t, path); {
				case kind == 1:
					paths = append(paths, path)
				case kind == 2 && depth > 0:
					paths = append(paths, path+"/")
					fill(path, depth-1)
				}
			}
		}
		fill("", 3)
		listing := sampleTree(paths...)
		plan := fsguard.NewPlan(listing, policy)
		hidden := map[string]bool{}
		for _, path := range plan.Hidden {
			hidden[path] = true
		}
		facade := map[string]bool{}
		for _, e := range plan.Facade {
			facade[e.Path] = true
		}
		for _, e := range listing.Entries {
			want := policy.Level(e.Path) >= fsguard.View
			for _, o := range listing.Entries {
				want = want || tree.Beneath(o.Path, e.Path) && policy.Level(o.Path) >= fsguard.View
			}
			got, dir := !hidden[e.Path], e.Path
			for got && dir != "/" {
				dir, _ = tree.Split(dir)
				got = !hidden[dir]
			}
			if got != want {
				t.Fatalf("%s: visible %v, want %v\n%+v\n%q", e.Path, got, want, rules, plan.Hidden)
			}
			if want = want && e.Mode.IsDir() && len(plan.Hidden) > 0; facade[e.Path] != want {
				t.Fatalf("%s: in the facade %v, want %v\n%+v\n%q", e.Path, facade[e.Path], want, rules, plan.Hidden)
			}
		}
		pruned := &tree.Tree{}
		prune := fsguard.PruneFor(policy)
		for _, e := range listing.Entries {
			in := false
			for dir := e.Path; dir != "/"; {
				if dir, _ = tree.Split(dir); dir != "/" && prune(dir) {
					in = true
				}
			}
			if !in {
				pruned.Entries = append(pruned.Entries, e)
			}
		}
		if diff := cmp.Diff(plan.Hidden, fsguard.NewPlan(pruned, policy).Hidden); diff != "" {
			t.Fatalf("pruning changed the plan:\n%s", diff)
		}
	})
}

func BenchmarkNewPlan(b *testing.B) {
	var paths []string
	for i := range 10_000 {
		if i%20 == 0 {
			paths = append(paths, "/d"+string(rune('a'+i/1000))+"/", planDir(i)+"/")
		}
		paths = append(paths, planDir(i)+"/f"+string(rune('a'+i%20))+".go")
	}
	slices.Sort(paths)
	listing := sampleTree(slices.Compact(paths)...)
	policy := planPolicy(b,
		planRule("**", fsguard.Read), priorRule(1, planRule("**/.env*", fsguard.None)), priorRule(1, planRule("**/*.key", fsguard.None)),
		priorRule(1, planRule("**/secrets/**", fsguard.None)), priorRule(1, planRule("/out/**", fsguard.Write)),
	)
	for b.Loop() {
		fsguard.NewPlan(listing, policy)
	}
}

func planDir(i int) string {
	return "/d" + string(rune('a'+i/1000)) + "/e" + string(rune('a'+i/20%50))
}

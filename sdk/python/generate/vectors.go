// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"strings"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/fsguard"
)

// ruleList is a list of rules, and what it decides; or rules that are refused.
type ruleList struct {
	Rules []sandbox.Rule `json:"rules"`
	Paths []decided      `json:"paths,omitempty"`
	Bad   bool           `json:"bad,omitempty"`
}

// decided is a path in hexadecimal, since it need not be UTF-8, with its level
// and the index of the rule that gives it.
type decided struct {
	Path   string             `json:"path"`
	Level  sandbox.Permission `json:"level"`
	Index  int                `json:"index"`
	Beaten int                `json:"beaten"` // how many rules that match are weaker
}

// A small alphabet makes patterns and paths meet.
var (
	names    = []string{"a", "b", "ab", "a.b", ".b", "b.a", "aab", "*", "a*", "[", `\`, "\n", "\xff", "a\xfe", "\ufffd", "é", "aé", ".", "..", "{a,b}", "a]"}
	literals = []string{"a", "b", "ab", "a.b", ".b", "b.a", "é", "\ufffd", "[a", "{a,b}"}
	wild     = []string{
		"**", "**", "**", "*", "a*", "*b", "*.b", "a*b", "?", "?b", "[ab]", "[!a]", "{a,b}", "*.{a,b}", "{a*,b}", "{,a}b", "**a", `\*`, `\a`,
		"{a,b}{a,b}", "a{/b,b}", "{**,a}", "*é", "***", "[", "}", "{a,[,]}", "[^/]", "[+-9]", "a*a*b", "{a,{b,ab}}", `[\]a]`, "{[,],b}a",
	}
)

// files are paths of an ordinary project.
var files = []string{
	"/", "/main.go", "/README.md", "/.env", "/.env.local", "/src/.env", "/src/a/b.key", "/x.pem", "/x.pem/y", "/secrets", "/secrets/a/b",
	"/src/secrets/a", "/src/secretsx/a", "/.git", "/.git/config", "/sub/.git/config", "/.gitignore", "/output", "/output/x", "/output/.env",
	"/outputs/x", "/tmp/a", "/tmp", "/a/credentials", "/a/credentials.json", "/id_rsa", "/id_rsa.pub", "/.aws/x", "/.docker/config.json",
	"/a/.docker/config.json", "/.docker/other", "/a/.ssh", "/docs/a.md", "//docs//a.md/", "/docs/../x.key", "/a/xid_rsa",
}

// generator chooses in a way that does not change from one version of Go to
// the next.
type generator struct{ src *rand.PCG }

func (g generator) below(n int) int { return int(g.src.Uint64() % uint64(n)) }

func (g generator) of(list []string) string { return list[g.below(len(list))] }

func (g generator) path() string {
	parts := make([]string, g.below(5))
	for i := range parts {
		parts[i] = g.of(names)
	}
	return "/" + strings.Join(parts, "/")
}

func (g generator) rule() sandbox.Rule {
	parts := make([]string, g.below(4))
	for i := range parts {
		parts[i] = g.of([][]string{literals, wild, wild}[g.below(3)])
	}
	slash := []string{"", "/"}
	return sandbox.Rule{
		Pattern:    g.of(slash) + strings.Join(parts, "/") + g.of(slash),
		Type:       []sandbox.PatternType{sandbox.Glob, sandbox.Glob, sandbox.Glob, sandbox.Directory, sandbox.File}[g.below(5)],
		Permission: sandbox.Permission(g.below(4)),
		Priority:   g.below(3) - 1,
	}
}

const (
	randomLists  = 250
	rulesOfAList = 6
	pathsOfAList = 12
)

// makeVectors returns a ruleList a line.
func makeVectors() ([]byte, error) {
	var file vectorFile
	for _, name := range sandbox.ListPresets() {
		rules, err := sandbox.GetPreset(name)
		if err != nil {
			return nil, err
		}
		if err := file.add(rules, files); err != nil {
			return nil, err
		}
	}
	g := generator{rand.NewPCG(1, 2)}
	for range randomLists {
		rules, err := file.rules(g)
		if err != nil {
			return nil, err
		}
		paths := make([]string, pathsOfAList)
		for i := range paths {
			paths[i] = g.path()
		}
		if err := file.add(rules, paths); err != nil {
			return nil, err
		}
	}
	return file.Bytes(), nil
}

type vectorFile struct{ bytes.Buffer }

// rules makes valid rules, and takes down those that are not.
func (f *vectorFile) rules(g generator) ([]sandbox.Rule, error) {
	var rules []sandbox.Rule
	for len(rules) < rulesOfAList {
		r := g.rule()
		if r.Validate() == nil {
			rules = append(rules, r)
		} else if err := f.line(ruleList{Rules: []sandbox.Rule{r}, Bad: true}); err != nil {
			return nil, err
		}
	}
	return rules, nil
}

func (f *vectorFile) add(rules []sandbox.Rule, paths []string) error {
	policy, err := fsguard.Compile(rules)
	if err != nil {
		return err
	}
	list := ruleList{Rules: rules}
	for _, p := range paths {
		d := policy.Decide(p)
		list.Paths = append(list.Paths, decided{hex.EncodeToString([]byte(p)), d.Permission, d.Index, len(d.Beaten)})
	}
	return f.line(list)
}

func (f *vectorFile) line(l ruleList) error { return json.NewEncoder(f).Encode(l) }

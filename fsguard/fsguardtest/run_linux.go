// SPDX-License-Identifier: MIT

package fsguardtest

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sandbox-rls/sandbox/fsguard"
)

// Run runs the suite against the sandboxes that f makes.
func Run(t *testing.T, f Factory, opts ...Option) {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	s := suite{factory: f, program: itself, foreign: o.foreign}
	if o.probe != "" {
		s.program = sync.OnceValues(func() ([]byte, error) { return os.ReadFile(o.probe) })
	}
	t.Run("Levels", s.levels)
	t.Run("Mixed", s.mixed)
	t.Run("Hidden", s.hidden)
	t.Run("Weight", s.weight)
	t.Run("ViewOnly", s.viewOnly)
	t.Run("Links", s.links)
	t.Run("Through", s.through)
	t.Run("Names", s.names)
	t.Run("Deep", s.deep)
	t.Run("Closed", s.closed)
	t.Run("Recent", s.recent)
	t.Run("WorkingDirectory", s.workingDirectory)
	t.Run("Umask", s.umask)
	t.Run("Race", s.race)
	t.Run("Differential", s.differential)
	t.Run("Posix", s.posix)
	t.Run("Exercise", s.exercised)
	t.Run("Oracle", s.oracle)
}

// suite is the acceptance suite for one kind of sandbox.
type suite struct {
	factory Factory
	program func() ([]byte, error) // the probe
	foreign bool                   // see WithForeignFilter
}

// box starts a sandbox on a tree, whose source stays as it is.
func (s suite) box(t *testing.T, src source, rules ...fsguard.Rule) *bench {
	t.Helper()
	src.seal()
	b := s.factory(t, src.dir, append(rules, probeRule))
	t.Cleanup(b.Close)
	return &bench{t: t, box: b}
}

// bench runs scripts in a box.
type bench struct {
	t   *testing.T
	box Box
}

// run has the probe perform scripts, naming paths in a style.
func (b *bench) run(how style, scripts ...script) [][]result {
	b.t.Helper()
	return perform(b.t, b.box, how, scripts)
}

// changed are the paths that the sandbox's owner sees changed.
func (b *bench) changed() []string {
	var paths []string
	for _, c := range b.box.Changes() {
		paths = append(paths, c.Path)
	}
	return paths
}

// fataler is what tests and rapid's have in common.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func perform(t fataler, box Box, how style, scripts []script) [][]result {
	t.Helper()
	in, err := json.Marshal(request{Style: how, Scripts: scripts})
	if err != nil {
		t.Fatalf("request: %v", err)
	}
	stdout, stderr, code := box.Exec([]string{Workspace + probePath, probeArg}, in)
	if code != 0 {
		t.Fatalf("the probe ended with %d: %s", code, bytes.TrimSpace(stderr))
	}
	var all [][]result
	if err := json.Unmarshal(stdout, &all); err != nil {
		t.Fatalf("the probe's answer: %v: %.200q", err, stdout)
	}
	if len(all) != len(scripts) {
		t.Fatalf("the probe ran %d of %d scripts", len(all), len(scripts))
	}
	for _, results := range all {
		for _, r := range results {
			if strings.HasPrefix(r.Errno, noCall) {
				t.Fatalf("the probe: %s", r.Errno)
			}
		}
	}
	return all
}

// oneOf reports whether a result is the one that is wanted, or one of those,
// "A|B", where kernels or the layers beneath differ.
func oneOf(want, got string) bool {
	return got == want || slices.Contains(strings.Split(want, "|"), got)
}

// expect runs one script, in the plain style, and compares each of its results.
func (b *bench) expect(s script, want ...string) {
	b.t.Helper()
	got := b.run(absolute, s)[0]
	for i, w := range want {
		if !oneOf(w, got[i].String()) {
			b.t.Errorf("%s %s: %s, want %s", s[i].Call, s[i].Path, got[i], w)
		}
	}
}

// newSource makes a tree that holds nothing but the probe.
func (s suite) newSource(t *testing.T) source {
	t.Helper()
	return newSource(t, s.program)
}

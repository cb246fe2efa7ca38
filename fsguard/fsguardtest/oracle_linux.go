// SPDX-License-Identifier: MIT

package fsguardtest

import (
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/oracle"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

const (
	// oracleBatches is how many sandboxes the suite compares with the oracle.
	oracleBatches = 12
	// batchCases is how many cases lie beside each other in such a sandbox. Every
	// second one has but a single case, whose rules are all there are.
	batchCases = 48
	// shrinkTries bounds the sandboxes that the search for a minimal case takes.
	shrinkTries = 600
)

// oracle compares sandboxes with the model of package oracle, on random cases.
// SANDBOX_ORACLE_SEED is the seed of a run that is to be repeated, and
// SANDBOX_ORACLE_TIME, such as "1h", goes on with new seeds for so long.
func (s suite) oracle(t *testing.T) {
	t.Run("Regressions", func(t *testing.T) {
		for i, c := range oracle.Regressions {
			s.oracleBatch(t, absolute, fmt.Sprintf("regression %d", i), []oracle.Case{c})
		}
	})
	t.Run("Random", func(t *testing.T) {
		seed, end := oracleSeed(t)
		began, done := time.Now(), 0
		defer func() { t.Logf("%d cases in %s", done, time.Since(began).Round(time.Second)) }()
		for round := uint64(0); round == 0 || time.Now().Before(end); round++ {
			for batch := range uint64(oracleBatches) {
				what := fmt.Sprintf("SANDBOX_ORACLE_SEED=%d, batch %d", seed+round, batch)
				cases := oracleCases(seed+round, batch)
				s.oracleBatch(t, oracleStyles[batch%uint64(len(oracleStyles))], what, cases)
				done += len(cases)
				if t.Failed() {
					return
				}
			}
		}
	})
}

var oracleStyles = []style{absolute, absolute, legacy, symlinked, proc}

// oracleSeed is the seed, one for each kind of sandbox unless the environment
// names it, and until when there are new ones.
func oracleSeed(t *testing.T) (seed uint64, end time.Time) {
	h := fnv.New64a()
	h.Write([]byte(t.Name()))
	seed = h.Sum64() >> 32
	if d, err := time.ParseDuration(os.Getenv("SANDBOX_ORACLE_TIME")); err == nil {
		seed, end = uint64(time.Now().UnixNano()), time.Now().Add(d)
	}
	if n, err := strconv.ParseUint(os.Getenv("SANDBOX_ORACLE_SEED"), 10, 64); err == nil {
		seed = n
	}
	return seed, end
}

// oracleCases are those of one sandbox.
func oracleCases(seed, batch uint64) []oracle.Case {
	if batch%2 == 1 {
		return []oracle.Case{oracle.Random(seed, batch*1000, "", false)}
	}
	var cases []oracle.Case
	for i := range uint64(batchCases) {
		cases = append(cases, oracle.Random(seed, batch*1000+i, fmt.Sprintf("/%03d", i), true))
	}
	return cases
}

// oracleBatch performs cases in a sandbox. It reports the first that differs,
// made as small as can be.
func (s suite) oracleBatch(t *testing.T, how style, what string, cases []oracle.Case) {
	t.Helper()
	for i := range cases {
		cases[i].Opens = os.Geteuid() != 0
	}
	for i, diff := range s.differences(t, how, cases) {
		if diff == "" {
			continue
		}
		alone := cases[i]
		alone.Prefix, alone.Shared = "", false
		fails := func(c oracle.Case) bool { return s.differences(t, how, []oracle.Case{c})[0] != "" }
		if !fails(alone) {
			if alone = cases[i]; !fails(alone) {
				t.Errorf("%s, case %d, by %s: %s\nIt does not fail by itself: %#v", what, i, how, diff, alone)
				return
			}
		}
		small := oracle.Shrink(alone, shrinkTries, fails)
		t.Errorf("%s, case %d, by %s: %s\nThe same in small:\n%#v%s", what, i, how, diff, small, s.differences(t, how, []oracle.Case{small})[0])
		return
	}
}

// differences performs cases in one sandbox and says of each where the model
// differs, "" if it does not.
func (s suite) differences(t *testing.T, how style, cases []oracle.Case) []string {
	t.Helper()
	src := s.newSource(t)
	defer func() { _ = tree.Remove(src.dir) }()
	var rules []fsguard.Rule
	var scripts []script
	for _, c := range cases {
		src.lay(c)
		rules = append(rules, c.Placed()...)
		scripts = append(scripts, oracleScript(c))
	}
	before := src.scan()
	box := s.factory(t, src.dir, append(rules, probeRule))
	defer box.Close()
	got := perform(t, box, how, scripts)
	changes := oracleChanges(box.Changes())
	if after := src.scan(); !sameScan(before, after) {
		t.Errorf("the source was changed")
	}
	var diffs []string
	for i, c := range cases {
		diffs = append(diffs, compare(c, scripts[i], got[i], within(c.Prefix, changes)))
	}
	return diffs
}

func sameScan(a, b map[string]string) bool {
	return fmt.Sprint(a) == fmt.Sprint(b)
}

// compare says where a case's results differ from what the model expects.
func compare(c oracle.Case, s script, got []result, changes []string) string {
	want := c.Expect()
	if want.Invalid {
		return ""
	}
	for i, w := range want.Results {
		if g := got[i].String(); !oneOf(w, g) && w != oracle.Unknown {
			return fmt.Sprintf("operation %d, %s %s %s: the sandbox says %.300s, the model %.300s", i, s[i].Call, s[i].Path, s[i].To, g, w)
		}
	}
	seen := strings.Split(got[len(c.Ops)].String(), "\n")
	if d := firstDifference(seen, want.Tree); d != "" {
		return "the tree as the sandbox sees it: " + d
	}
	if d := firstDifference(changes, want.Changes); d != "" {
		return "the changes as the owner sees them: " + d
	}
	return ""
}

func firstDifference(got, want []string) string {
	slices.Sort(got)
	slices.Sort(want)
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			return "missing " + want[i]
		case i >= len(want):
			return "the model has no " + got[i]
		case got[i] != want[i]:
			return fmt.Sprintf("%s\nthe model says %s", got[i], want[i])
		}
	}
	return ""
}

// within are the lines of the changes beneath a case's directory.
func within(prefix string, changes []string) []string {
	var mine []string
	for _, line := range changes {
		if prefix == "" || strings.HasPrefix(line, prefix+"/") || strings.HasPrefix(line, prefix+" ") {
			mine = append(mine, line)
		}
	}
	return mine
}

func oracleChanges(changes []Change) []string {
	var lines []string
	for _, c := range changes {
		kind := oracle.File
		switch c.Mode.Type() {
		case fs.ModeDir:
			kind = oracle.Dir
		case fs.ModeSymlink:
			kind = oracle.Symlink
		}
		mode := uint32(c.Mode.Perm())
		for bit, number := range map[fs.FileMode]uint32{fs.ModeSetuid: 0o4000, fs.ModeSetgid: 0o2000, fs.ModeSticky: 0o1000} {
			if c.Mode&bit != 0 {
				mode |= number
			}
		}
		lines = append(lines, oracle.FormatChange(c.Path, c.Kind, kind, mode, c.Size))
	}
	return lines
}

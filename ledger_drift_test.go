// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox/internal/ledgertest"
)

// ledgerRow is a row of docs/bypass-ledger.md.
type ledgerRow struct {
	class, held, dead string
	tests             []string
}

var (
	codeSpan    = regexp.MustCompile("`([^`]+)`")
	errnoWord   = regexp.MustCompile(`\bE[A-Z]{3,}\b`)
	testFunc    = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	ledgerSuite = regexp.MustCompile(`(?s)func TestLedger\(t \*testing\.T\) \{.*?ledgertest\.Run\(`)
)

// readLedger parses the tables.
func readLedger(t *testing.T) []ledgerRow {
	t.Helper()
	data, err := os.ReadFile("docs/bypass-ledger.md")
	check(t, err)
	var rows []ledgerRow
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "| Class") || strings.HasPrefix(line, "| ---") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if len(cells) != 5 {
			t.Fatalf("%d cells: %s", len(cells), line)
		}
		r := ledgerRow{class: strings.TrimSpace(cells[0]), held: cells[2], dead: cells[3]}
		for i, cell := range cells {
			if strings.TrimSpace(cell) == "" {
				t.Errorf("%s: cell %d is empty", r.class, i+1)
			}
		}
		for _, span := range codeSpan.FindAllStringSubmatch(cells[4], -1) {
			r.tests = append(r.tests, span[1])
		}
		if len(r.tests) == 0 {
			t.Errorf("%s has no test", r.class)
		}
		rows = append(rows, r)
	}
	return rows
}

// testFunctions are the tests of the module, and which of its files run the suite.
func testFunctions(t *testing.T) (names map[string]bool, suites []string) {
	t.Helper()
	names = map[string]bool{}
	check(t, filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		data, err := os.ReadFile(path)
		for _, f := range testFunc.FindAllStringSubmatch(string(data), -1) {
			names[f[1]] = true
		}
		if ledgerSuite.Match(data) {
			suites = append(suites, filepath.Dir(path))
		}
		return err
	}))
	return names, suites
}

// TestLedgerIsWhatIsTested holds docs/bypass-ledger.md and the tests to each other.
func TestLedgerIsWhatIsTested(t *testing.T) {
	rows, inside := readLedger(t), ledgertest.Rows()
	functions, suites := testFunctions(t)
	if slices.Sort(suites); !slices.Equal(suites, []string{"runtime/bwrap", "runtime/docker", "runtime/native"}) {
		t.Errorf("the suite is run in %q", suites)
	}
	listed := map[string]bool{"TestLedger": true, "TestLedgerLive": true, t.Name(): true}
	for _, r := range rows {
		for _, test := range r.tests {
			function, sub, _ := strings.Cut(test, "/")
			if listed[test] && strings.HasPrefix(test, "TestLedger") {
				t.Errorf("%s: %s is another row's", r.class, test)
			}
			listed[test] = true
			if !functions[function] {
				t.Errorf("%s: there is no %s", r.class, function)
			}
			if function != "TestLedger" {
				continue
			}
			errnos, ok := inside[sub]
			if !ok {
				t.Errorf("%s: there is no %s", r.class, test)
			}
			r.names(t, "what holds", r.held, errnos.Held)
			r.names(t, "with the guard killed", r.dead, append(errnos.Dead, errnos.Held...)) // what the mount alone answers
			if slices.Contains(errnos.Dead, "ENOSYS") && !slices.Contains(errnos.Held, "ENOSYS") && !strings.Contains(r.dead, "ENOSYS") {
				t.Errorf("%s: ENOSYS is not told of", r.class)
			}
		}
	}
	for name := range maps.Keys(inside) {
		if !listed["TestLedger/"+name] {
			t.Errorf("TestLedger/%s has no row", name)
		}
	}
	for name := range functions {
		if strings.HasPrefix(name, "TestLedger") && !listed[name] {
			t.Errorf("%s has no row", name)
		}
	}
}

// names checks that a cell names no errno but those that its test wants.
func (r ledgerRow) names(t *testing.T, what, cell string, errnos []string) {
	t.Helper()
	for _, errno := range errnoWord.FindAllString(cell, -1) {
		if !slices.Contains(errnos, errno) {
			t.Errorf("%s, %s: its test expects no %s", r.class, what, errno)
		}
	}
}

// SPDX-License-Identifier: MIT

//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-rls/sandbox"
)

// TestReview compares what the program prints with what docs/delta.md shows, and
// looks for what it leaves.
func TestReview(t *testing.T) {
	require(t)
	text, err := os.ReadFile("../../docs/delta.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```text\n$ go run ./examples/review\n")
	want, _, ok := strings.Cut(rest, "```\n")
	if !ok {
		t.Fatal("docs/delta.md does not show it")
	}
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	var out strings.Builder
	if err := run(t.Context(), &out, nil); err != nil {
		t.Fatal(err)
	}
	m, err := sandbox.Default()
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil { // as the end of the program does
		t.Error(err)
	}
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Errorf("-docs +got:\n%s", d)
	}
	if left, _ := filepath.Glob(filepath.Join(tmp, "*")); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// TestReviewOf looks at a directory of the user's, which stays as it is.
func TestReviewOf(t *testing.T) {
	require(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "README.md"), []byte("# Mine\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := run(t.Context(), &out, []string{dir}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "== What could be committed ==\nmodified  /README.md\nadded     /greet.py\n") {
		t.Errorf("got %s", out.String())
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("got %v, %v", entries, err)
	}
}

// require skips a test where sandboxes cannot run, and fails it when
// SANDBOX_REQUIRE is set.
func require(t *testing.T) {
	t.Helper()
	err := sandbox.Probe().Err()
	switch {
	case err == nil:
	case os.Getenv("SANDBOX_REQUIRE") != "":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
}

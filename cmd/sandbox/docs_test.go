// SPDX-License-Identifier: MIT

//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDocs runs what docs/cli.md shows in its blocks named "console": each line
// that begins with "$ " is a command, and what follows is what it prints, but for
// ids and ages. They share a state directory.
func TestDocs(t *testing.T) {
	require(t)
	text, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "project")
	if err := sample(dir); err != nil {
		t.Fatal(err)
	}
	bin, state := t.TempDir(), filepath.Join(t.TempDir(), "state")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(bin, "sandbox")); err != nil {
		t.Fatal(err)
	}
	examples := console(string(text))
	if len(examples) < 10 {
		t.Fatalf("found only %d examples", len(examples))
	}
	for _, e := range examples {
		cmd := exec.Command("/bin/sh", "-c", e.command)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+bin+":/usr/bin:/bin", "LANG=C.UTF-8", "SANDBOX_STATE_DIR="+state)
		out, _ := cmd.CombinedOutput()
		text := strings.ReplaceAll(string(out), dir, "/home/me/project")
		if d := cmp.Diff(alike(e.output), alike(text)); d != "" {
			t.Errorf("$ %s\n-docs +got:\n%s", e.command, d)
		}
	}
}

var (
	anyID  = regexp.MustCompile(`\b(sb|cb)_[0-9a-f]{12,}`)
	anyAge = regexp.MustCompile(`\b[0-9]+[smh]\b`)
)

// alike drops from a text what is another each time.
func alike(text string) string {
	return anyAge.ReplaceAllString(anyID.ReplaceAllString(text, "${1}_ID"), "AGE")
}

type example struct{ command, output string }

// console finds the examples of a document.
func console(text string) []example {
	var list []example
	inside := false
	for line := range strings.Lines(text) {
		switch command, ok := strings.CutPrefix(line, "$ "); {
		case line == "```console\n":
			inside = true
		case strings.HasPrefix(line, "```"):
			inside = false
		case inside && ok:
			list = append(list, example{command: strings.TrimSuffix(command, "\n")})
		case inside:
			list[len(list)-1].output += line
		}
	}
	return list
}

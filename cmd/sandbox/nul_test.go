// SPDX-License-Identifier: MIT

//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNUL gives arguments that no shell can, from within.
func TestNUL(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "project")
	if err := sample(dir); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"run", dir + "\x00", "--", "ls"},
		{"run", dir, "--", "ls", "a\x00b"},
		{"run", "--rule", "read:/a\x00", dir, "--", "ls"},
		{"run", "--env", "A=\x00", dir, "--", "ls"},
		{"run", "--dir", "\x00", dir, "--", "ls"},
		{"run", "--preset", "\x00", dir, "--", "ls"},
		{"diff", dir + "\x00", "--", "ls"},
		{"explain", dir, "a\x00b"},
		{"explain", dir + "\x00", "a"},
		{"presets", "\x00"},
		{"\x00"},
	} {
		out, err := os.Create(filepath.Join(t.TempDir(), "out"))
		if err != nil {
			t.Fatal(err)
		}
		a := &app{stdin: os.Stdin, stdout: out, stderr: out}
		code := a.main(t.Context(), args)
		text, err := os.ReadFile(out.Name())
		out.Close()
		if err != nil || code != exitFailed || strings.Count(string(text), "\n") != 1 || strings.ContainsRune(string(text), 0) || !strings.HasPrefix(string(text), "sandbox: ") {
			t.Errorf("%q: exit code %d, %q, %v", args, code, text, err)
		}
	}
}

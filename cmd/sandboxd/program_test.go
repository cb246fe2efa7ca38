// SPDX-License-Identifier: MIT

//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFromEverywhere gives settings to the program by all ways at once.
func TestFromEverywhere(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "sandboxd.yaml")
	must(t, os.WriteFile(config, []byte("listen: unix:"+filepath.Join(dir, "file")+"\nstate-dir: "+filepath.Join(dir, "state")+"\nlog-format: json\nauth: true\nreflection: true\n"), 0o600))
	d := startWith(t, []string{"SANDBOXD_LISTEN=unix:" + filepath.Join(dir, "env"), "SANDBOXD_LOG_FORMAT=json"}, "--config", config, "--log-format", "text")
	if want := "unix:" + filepath.Join(dir, "env"); d.address != want {
		t.Errorf("it listens on %s", d.address)
	}
	eventually(t, "it says so as text", func() bool { return contains(d.log, "level=INFO") && contains(d.log, "tokens=true") })
	// The commands for tokens take the same file, with what is no setting of theirs.
	if _, note, code := run(t, "token", "create", "--config", config, "--owner", "alice"); code != 0 {
		t.Errorf("token create: %s", note)
	}
	if _, err := os.Stat(filepath.Join(dir, "state", "tokens.json")); err != nil {
		t.Error(err)
	}
	_, note, code := runWith(t, []string{"SANDBOXD_MAX_STREAMS=x"})
	if code != 2 || !strings.Contains(note, "environment variable SANDBOXD_MAX_STREAMS") {
		t.Errorf("it ended with %d, %s", code, note)
	}
}

func TestVersion(t *testing.T) {
	if out, _, code := run(t, "version"); code != 0 || !strings.HasPrefix(out, "sandboxd ") {
		t.Errorf("got %d, %q", code, out)
	}
	if out, _, code := run(t, "--help"); code != 0 || !strings.Contains(out, "--drain-timeout") {
		t.Errorf("got %d, %q", code, out)
	}
}

// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"path/filepath"
	"testing"

	docker "github.com/moby/profiles/seccomp"
)

// TestProfileIsTheDefault compares the file that the generator reads, because
// any operating system can, with what the package returns on Linux.
func TestProfileIsTheDefault(t *testing.T) {
	dir, err := moduleDir("github.com/moby/profiles/seccomp")
	if err != nil {
		t.Fatal(err)
	}
	fromFile, err := readProfile(filepath.Join(dir, "default.json"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(fromFile.Syscalls)
	if err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(docker.DefaultProfile().Syscalls)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("default.json is not the default profile")
	}
}

// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestDrift fails when a module was updated and the tables were not: run
// go generate, and read what changed.
func TestDrift(t *testing.T) {
	files, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	if want := 2 * len(targets); len(files) != want {
		t.Fatalf("%d files, want %d", len(files), want)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Error(err)
			continue
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs from what the modules say", name)
		}
	}
}

// SPDX-License-Identifier: MIT

package tree_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

func TestSettle(t *testing.T) {
	dir := t.TempDir()
	for range 20 {
		name := filepath.Join(dir, "file")
		if err := os.WriteFile(name, []byte("before"), 0o644); err != nil {
			t.Fatal(err)
		}
		listing, err := tree.List(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		at := listing.Settle()
		if old := listing.Lookup("/file").ChangeTime; old >= at {
			t.Fatalf("the file was changed at %d, which is not before %d", old, at)
		}
		if err := os.WriteFile(name, []byte("after"), 0o644); err != nil {
			t.Fatal(err)
		}
		if listing, err = tree.List(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
		if now := listing.Lookup("/file").ChangeTime; now < at {
			t.Fatalf("the file was changed again at %d, which is before %d", now, at)
		}
	}
}

// SPDX-License-Identifier: MIT

package fsguard_test

import (
	"os"
	"strconv"
	"testing"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/runtime/native"
)

// TestWriteFileAmongTemporaryNames has a directory in which a command has made the names
// that a file could have until it is whole, if they were counted.
func TestWriteFileAmongTemporaryNames(t *testing.T) {
	rt := native.New()
	t.Cleanup(func() { _ = rt.Close() })
	dir := t.TempDir()
	for i := range int64(1000) {
		if err := os.WriteFile(dir+"/.sandbox-"+strconv.FormatInt(i, 36)+".tmp", nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	box, w := newBox(t, rt, dir, fsguard.Rule{Pattern: "/**", Permission: fsguard.Write})
	if err := box.Files.WriteFile("/f", []byte("x"), 0o644); err != nil {
		t.Error(err)
	}
	if err := box.Files.Place("/g", text("y")); err != nil {
		t.Error(err)
	}
	if got := shell(t, box, "cat f g"); got != "xy" {
		t.Errorf("the files hold %q", got)
	}
	noTemporary(t, w.Upper())
}

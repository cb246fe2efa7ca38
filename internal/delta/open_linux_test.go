// SPDX-License-Identifier: MIT

package delta_test

import (
	"io"
	"os"
	"testing"

	"github.com/sandbox-rls/sandbox/internal/delta"
)

// TestOpenClosed opens a file whose mode keeps its owner out, and leaves it that mode.
func TestOpenClosed(t *testing.T) {
	upper := t.TempDir()
	name := upper + "/a/file"
	write(t, name, "content")
	if err := os.Chmod(name, 0); err != nil {
		t.Fatal(err)
	}
	f, err := delta.OpenChange(changeOf(t, upper, "/a/file"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got, err := io.ReadAll(f); string(got) != "content" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if fi, err := os.Lstat(name); err != nil || fi.Mode() != 0 {
		t.Errorf("it has become %v, %v", fi.Mode(), err)
	}
}

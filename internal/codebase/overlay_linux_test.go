// SPDX-License-Identifier: MIT

package codebase_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sandbox-rls/sandbox/internal/required"
)

// TestOverlay mounts the layers of a thin checkout, and compares what the kernel
// shows with what the database says.
func TestOverlay(t *testing.T) {
	w := newWorld(t)
	w.create("cb")
	for _, name := range []string{"/d/f", "/d/g", "/gone/f", "/file/f", "/dir", "/again/f"} {
		w.write("cb", name, name)
	}
	w.checkout("cb")
	for _, name := range []string{"/gone", "/file", "/dir", "/again", "/d/g"} {
		must(t, w.store.Remove(t.Context(), "cb", name))
	}
	for _, name := range []string{"/file", "/dir/f", "/again/g"} {
		w.write("cb", name, name)
	}
	c := w.checkout("cb")
	if len(c.Layers) != 2 {
		t.Fatal(c.Layers)
	}
	at := filepath.Join(w.base, "mounted")
	must(t, os.Mkdir(at, 0o755))
	script := `mount -t overlay overlay -o userxattr,lowerdir="$1" "$2" && cd "$2" && find . | LC_ALL=C sort && find . -type f -exec cat {} +`
	flags := "-m"
	if os.Geteuid() != 0 {
		flags = "-rm"
	}
	cmd := exec.Command("unshare", flags, "sh", "-c", script, "sh", strings.Join(c.Layers, ":"), at)
	out, err := cmd.CombinedOutput()
	if err != nil {
		required.Missing(t, "overlayfs", fmt.Sprintf("%v: %s", err, out))
	}
	want := ".\n./again\n./again/g\n./d\n./d/f\n./dir\n./dir/f\n./file\n"
	got := string(out)
	if diff := cmp.Diff(want, got[:min(len(want), len(got))]); diff != "" {
		t.Error(diff)
	}
	for _, content := range []string{"/file", "/dir/f", "/again/g", "/d/f"} {
		if !strings.Contains(got[len(want):], content) {
			t.Errorf("%s is missing in %q", content, got)
		}
	}
}

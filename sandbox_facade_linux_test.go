// SPDX-License-Identifier: MIT

package sandbox_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox"
)

// TestLiveOnOverlay: the kernel stacks two overlays at most. A live directory
// that is on one already is refused when names have to be hidden in it.
func TestLiveOnOverlay(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can mount an overlay for others to see")
	}
	if !inMountNamespace(t) {
		return
	}
	lower, dir := project(t, sample), filepath.Join(t.TempDir(), "merged")
	check(t, os.Mkdir(dir, 0o755))
	check(t, unix.Mount("overlay", dir, "overlay", 0, "lowerdir="+lower+":"+t.TempDir()))
	t.Cleanup(func() { check(t, unix.Unmount(dir, 0)) })

	m, _ := manager(t)
	_, err := m.FromLocal(t.Context(), dir, sandbox.WithLive())
	if !errors.Is(err, sandbox.ErrUnsupported) || !strings.Contains(err.Error(), "without WithLive") {
		t.Errorf("names hidden in an overlay: %v", err)
	}
	must(t, from(t, m, dir), "cat src/main.py && ! ls .env")
}

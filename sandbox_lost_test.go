// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox"
)

// TestLostCheckout takes away what a sandbox of a codebase was made of: it can be
// discarded and destroyed all the same, nothing of what it wrote is lost, and if what is
// lost can be made again it can be started.
func TestLostCheckout(t *testing.T) {
	t.Parallel()
	for _, restart := range []bool{false, true} {
		for _, then := range []string{"nothing", "a newer version", "objects lost", "deleted"} {
			if then == "objects lost" && !restart {
				continue // nor could anything be written then
			}
			t.Run(fmt.Sprintf("%s,restart=%v", then, restart), func(t *testing.T) {
				m, stateDir := manager(t)
				cb, err := m.ImportCodebase(t.Context(), project(t, sample))
				check(t, err)
				boxes := map[string]*sandbox.Sandbox{}
				for _, name := range []string{"destroyed", "discarded"} {
					boxes[name], err = m.FromCodebase(t.Context(), cb.ID, everything)
					check(t, err)
					must(t, boxes[name], fmt.Sprintf("echo %s > README.md; echo x > %s; rm -r src/lib", name, name))
				}
				switch then {
				case "a newer version":
					uploadFile(t, m, cb.ID, "link2", "newer")
				case "deleted":
					check(t, m.DeleteCodebase(t.Context(), cb.ID))
				}
				for _, sb := range boxes {
					check(t, sb.Stop(t.Context()))
				}
				if restart {
					check(t, m.Close())
				}
				check(t, os.RemoveAll(filepath.Join(stateDir, "codebases", cb.ID, "checkouts")))
				if then == "objects lost" {
					check(t, os.RemoveAll(filepath.Join(stateDir, "codebases", cb.ID, "objects")))
				}
				if restart {
					m, err = sandbox.NewManager(sandbox.Config{StateDir: stateDir})
					check(t, err)
					t.Cleanup(func() { check(t, m.Close()) })
					for name, sb := range boxes {
						boxes[name], err = m.Connect(t.Context(), sb.ID())
						check(t, err)
					}
				}
				sb := boxes["discarded"]
				check(t, sb.Discard(t.Context()))
				wantChanges(t, sb)
				if err = sb.Start(t.Context()); then == "nothing" {
					check(t, err)
					if got := must(t, sb, "cat README.md src/lib/util.py; ls"); got != "# Sample\nx = 1\nREADME.md\ndeploy.key\nlink\nsecrets\nsrc" {
						t.Errorf("got %q", got)
					}
				} else {
					wantError(t, err, fs.ErrNotExist)
				}
				check(t, sb.Destroy(t.Context()))
				check(t, boxes["destroyed"].Destroy(context.Background()))
				if then == "deleted" {
					return
				}
				if got := download(t, m, cb.ID, "README.md") + download(t, m, cb.ID, "destroyed"); got != "destroyed\nx\n" {
					t.Errorf("got %q", got)
				}
				page, err := m.ListFiles(t.Context(), cb.ID, "src", true)
				check(t, err)
				for _, f := range page {
					if strings.Contains(f.Path, "lib") {
						t.Errorf("%s is still there", f.Path)
					}
				}
			})
		}
	}
}

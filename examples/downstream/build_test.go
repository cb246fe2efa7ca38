// SPDX-License-Identifier: MIT

package downstream_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox"
)

// TestScriptStaysInItsPlace runs a script that cannot be trusted on a real tree.
func TestScriptStaysInItsPlace(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"build.sh": "cat secret.key; echo built > output/app; echo hacked > build.sh", "secret.key": "do-not-show"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	sb, err := sandbox.FromLocal(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer sb.Close()
	r, err := sb.Run(t.Context(), "sh build.sh")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(r.Stdout, "do-not-show") || !strings.Contains(r.Stderr, "secret.key: No such file") || !strings.Contains(r.Stderr, "Read-only file system") {
		t.Errorf("%+v", r)
	}
	built, err := sb.ReadFile(t.Context(), "output/app")
	if err != nil || string(built) != "built\n" {
		t.Errorf("built %q, %v", built, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "output")); !os.IsNotExist(err) {
		t.Errorf("the project was touched: %v", err)
	}
}

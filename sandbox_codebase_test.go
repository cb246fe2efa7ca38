// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox"
)

func TestCodebase(t *testing.T) {
	t.Parallel()
	m, _ := manager(t)
	dir := project(t, sample)
	cb, err := m.ImportCodebase(t.Context(), dir)
	check(t, err)
	if cb.ID == "" || cb.Source != dir || cb.FileCount != 7 || cb.Size != 64 || cb.Created.IsZero() || len(cb.Skipped) != 0 {
		t.Errorf("got %+v", cb)
	}
	check(t, os.RemoveAll(dir)) // it is a copy
	one, err := m.FromCodebase(t.Context(), cb.ID, everything)
	check(t, err)
	t.Cleanup(func() { check(t, one.Close()) })
	two, err := m.FromCodebase(t.Context(), cb.ID)
	check(t, err)
	t.Cleanup(func() { check(t, two.Close()) })
	must(t, one, "cat .env .git/config; echo mine > README.md; rm -r src; echo x > output")
	mustNot(t, two, "cat .env")
	if got := must(t, two, "cat README.md; ls src; echo x > output/x; ls output"); got != "# Sample\nlib\nmain.py\nx" {
		t.Errorf("got %q", got)
	}
	wantChanges(t, two, "added /output/x")
	check(t, m.DeleteCodebase(t.Context(), cb.ID))
	must(t, two, "cat README.md")
	for _, err := range []error{
		m.DeleteCodebase(t.Context(), cb.ID),
		func() error { _, err := m.FromCodebase(t.Context(), cb.ID); return err }(),
		func() error { _, err := m.FromCodebase(t.Context(), "cb_none"); return err }(),
	} {
		if err == nil {
			t.Error("a deleted codebase is still there")
		}
		wantError(t, err, sandbox.ErrCodebaseNotFound)
	}
}

// TestDeletedCodebase makes so much be forgotten that a codebase which is only
// used by a sandbox would be removed from disk.
func TestDeletedCodebase(t *testing.T) {
	t.Parallel()
	m, stateDir := manager(t)
	cb, err := m.ImportCodebase(t.Context(), project(t, sample))
	check(t, err)
	sb, err := m.FromCodebase(t.Context(), cb.ID)
	check(t, err)
	t.Cleanup(func() { check(t, sb.Close()) })
	check(t, m.DeleteCodebase(t.Context(), cb.ID))
	for i := range 40 {
		other, err := m.ImportCodebase(t.Context(), project(t, map[string]string{"n": fmt.Sprint(i)}))
		check(t, err)
		check(t, m.DeleteCodebase(t.Context(), other.ID))
	}
	// They are removed in the background.
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		n := len(snapshots(t, stateDir))
		if n <= 20 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d snapshots are kept", n)
		}
	}
	if got := must(t, sb, "cat README.md; ls src"); got != "# Sample\nlib\nmain.py" {
		t.Errorf("got %q", got)
	}
	check(t, sb.Stop(t.Context()))
	check(t, sb.Start(t.Context()))
	must(t, sb, "cat README.md")
}

func TestCodebaseFunctions(t *testing.T) {
	t.Parallel()
	cb, err := sandbox.ImportCodebase(t.Context(), project(t, sample))
	check(t, err)
	sb, err := sandbox.FromCodebase(t.Context(), cb.ID)
	check(t, err)
	must(t, sb, "cat README.md")
	check(t, sb.Close())
	check(t, sandbox.DeleteCodebase(t.Context(), cb.ID))
	_, err = sandbox.ImportCodebase(t.Context(), filepath.Join(t.TempDir(), "missing"))
	wantError(t, err, os.ErrNotExist)
}

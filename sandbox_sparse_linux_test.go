// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sandbox-rls/sandbox"
)

// TestSparseFiles has a sandbox make files that take nothing there. They take nothing in
// the codebase either, and one that is too large to be summed up stays out of it.
func TestSparseFiles(t *testing.T) {
	t.Parallel()
	m, id, stateDir, sb, log := loggedSandbox(t)
	must(t, sb, "truncate -s 32M sparse && printf x >> sparse && truncate -s 1T endless && mkdir d && echo kept > d/kept")
	_, err := sb.Commit(t.Context(), sandbox.CommitOptions{})
	wantError(t, err, sandbox.ErrConflict)
	r, err := sb.Commit(t.Context(), sandbox.CommitOptions{Partial: true})
	check(t, err)
	if got := paths(r.Failed); got != "/endless" || !strings.Contains(r.Failed[0].Reason, "holes") {
		t.Errorf("failed: %+v", r.Failed)
	}
	if got := paths(r.Applied); got != "/d /d/kept /sparse" {
		t.Errorf("applied %q", got)
	}
	must(t, sb, "printf y >> sparse")
	check(t, sb.Destroy(t.Context()))
	if got := log.String(); !strings.Contains(got, "path=/endless reason=") || strings.Contains(got, "path=/sparse") {
		t.Errorf("logged:\n%s", got)
	}
	if got := download(t, m, id, "sparse"); len(got) != 32<<20+2 || strings.Trim(got, "\x00") != "xy" {
		t.Errorf("got %d bytes", len(got))
	}
	check(t, filepath.WalkDir(filepath.Join(stateDir, "codebases"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		fi, err := d.Info()
		if err == nil && fi.Size() > 1<<20 && fi.Sys().(*syscall.Stat_t).Blocks > 2048 {
			t.Errorf("%s takes %d bytes", path, 512*fi.Sys().(*syscall.Stat_t).Blocks)
		}
		return err
	}))
}

// SPDX-License-Identifier: MIT

package sandbox_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/sandbox-rls/sandbox"
)

// TestCommitOfWhatWasReviewed commits to a directory what somebody has read, after a command
// has written more.
func TestCommitOfWhatWasReviewed(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]sandbox.Option{
		"snapshot": {everything}, "live": {everything, sandbox.WithLive()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, other := project(t, sample), project(t, sample)
			m, _ := manager(t)
			sb := from(t, m, dir, opts...)
			must(t, sb, "mkdir d; echo 1 > d/a; echo 1 > d/b; echo 1 > README.md; rm src/main.py")
			reviewed, err := sb.Changes(t.Context())
			check(t, err)
			for i := range reviewed {
				c := &reviewed[i]
				if !c.Mode.IsRegular() || c.Kind == sandbox.Deleted {
					continue
				}
				data, err := sb.ReadFile(t.Context(), c.Path)
				check(t, err)
				sum := sha256.Sum256(data)
				c.Checksum = hex.EncodeToString(sum[:])
			}
			must(t, sb, "echo 2 > d/b; echo 2 > d/c; echo 2 > more")
			for _, opts := range []sandbox.CommitOptions{
				{Expect: reviewed}, {Expect: reviewed, DryRun: true, Partial: true}, {Expect: reviewed, Partial: true, Dir: other}, {Expect: reviewed, Partial: true},
			} {
				report, err := sb.Commit(t.Context(), opts)
				if !opts.Partial {
					wantError(t, err, sandbox.ErrConflict)
				} else {
					check(t, err)
				}
				want := "/README.md /d /d/a /src/main.py"
				if !opts.Partial {
					want = ""
				}
				if applied, failed := paths(report.Applied), paths(report.Failed); applied != want || failed != "/d/b" {
					t.Errorf("%+v: applied %s, failed %s", opts, applied, failed)
				}
			}
			wantChanges(t, sb, "added /d/b", "added /d/c", "added /more")
			for _, dir := range []string{dir, other} {
				if got, err := os.ReadFile(filepath.Join(dir, "d", "a")); err != nil || string(got) != "1\n" {
					t.Errorf("%q, %v", got, err)
				}
			}
		})
	}
}

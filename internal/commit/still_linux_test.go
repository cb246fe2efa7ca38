// SPDX-License-Identifier: MIT

package commit_test

import (
	"context"
	"os"
	"testing"

	"github.com/sandbox-rls/sandbox/internal/commit"
)

// TestReadLink has somebody put another symbolic link in the place of one that was
// committed: its target is nobody's to be told.
func TestReadLink(t *testing.T) {
	w := newWorld(t, memoryDir(t), files{}, files{"d/l": "->one"})
	req, done := w.request(t)
	defer done()
	report, err := commit.Run(context.Background(), req, commit.Options{})
	must(t, err)
	root, err := os.OpenRoot(w.target)
	must(t, err)
	defer root.Close()
	stamp := report.Applied[len(report.Applied)-1].Now
	if got, ok := commit.ReadLink(root, "d/l", stamp); got != "one" || !ok {
		t.Errorf("got %q, %v", got, ok)
	}
	must(t, os.Remove(w.target+"/d/l"))
	if _, ok := commit.ReadLink(root, "d/l", stamp); ok {
		t.Error("there is none")
	}
	must(t, os.Symlink("two", w.target+"/d/l"))
	if got, ok := commit.ReadLink(root, "d/l", stamp); ok {
		t.Errorf("got %q", got)
	}
}

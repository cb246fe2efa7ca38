// SPDX-License-Identifier: MIT

package commit_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox/internal/commit"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// TestChangedSince has a target that the sandbox works on itself.
func TestChangedSince(t *testing.T) {
	w := newWorld(t, memoryDir(t), files{"a": "1", "b": "1", "d/x": "1", "m": "0755 /"}, files{"a": "2", "b": "2", "m": "0700 /", "n": "1"})
	began := w.settle(t)
	run := func(base commit.Base) *commit.Report {
		req, done := w.request(t)
		defer done()
		req.Base = base
		report, err := commit.Run(context.Background(), req, commit.Options{})
		must(t, err)
		return report
	}
	must(t, os.WriteFile(w.target+"/b", []byte("host"), 0o644))
	must(t, os.WriteFile(w.target+"/n", []byte("host"), 0o644))
	expect(t, "conflicts", run(commit.ChangedSince(began)).Conflicts, files{"/b": "was changed", "/n": "is there already"})

	must(t, os.WriteFile(w.target+"/b", []byte("1"), 0o644))
	must(t, os.Remove(w.target+"/n"))
	report := run(commit.ChangedSince(w.settle(t)))
	expect(t, "conflicts", report.Conflicts, nil)
	w.same(t, w.after)

	// The sandbox goes on: what the first commit left is known to the second.
	before := map[string]*commit.Stamp{}
	for _, i := range report.Applied {
		before[i.Path] = i.Now
	}
	must(t, os.WriteFile(w.upper+"/a", []byte("three"), 0o644))
	must(t, os.WriteFile(w.after+"/a", []byte("three"), 0o644))
	if report := run(commit.ChangedSince(began)); len(report.Conflicts) != 1 {
		t.Errorf("%+v", report)
	}
	report = run(commit.Known(before, commit.ChangedSince(began)))
	expect(t, "conflicts", report.Conflicts, nil)
	w.same(t, w.after)
}

// settle is the time from when on changes of the target have a later one than all
// that it holds, by the clock that they have it from.
func (w *world) settle(t *testing.T) time.Time {
	t.Helper()
	listing, err := tree.List(t.Context(), w.target)
	must(t, err)
	return time.Unix(0, listing.Settle())
}

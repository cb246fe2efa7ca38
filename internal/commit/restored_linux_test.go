// SPDX-License-Identifier: MIT

package commit_test

import (
	"context"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/commit"
)

// TestRestored takes commits to a directory that the sandbox works on back, wherever they fail: the
// next one does not take that for somebody's changes, and what somebody has changed it does.
func TestRestored(t *testing.T) {
	before := files{"a": "1", "b": "1", "gone": "1", "link": "->1", "m": "0755 /", "mode": "0644 1", "empty/x": "1"}
	after := files{"a": "2", "b": "2", "link": "->2", "m": "0700 /", "mode": "0600 1", "new": "1"}
	rolledBack := 0
	for n := 1; ; n++ {
		w := newWorld(t, memoryDir(t), before, after)
		for path := range before { // not just now
			old := unix.NsecToTimespec(time.Now().Add(-time.Hour).UnixNano())
			must(t, unix.UtimesNanoAt(unix.AT_FDCWD, w.target+"/"+path, []unix.Timespec{old, old}, unix.AT_SYMLINK_NOFOLLOW))
		}
		began := w.settle(t)
		run := func(base commit.Base, opts commit.Options) (*commit.Report, error) {
			req, done := w.request(t)
			defer done()
			req.Base = base
			return commit.Run(context.Background(), req, opts)
		}
		calls := 0
		report, err := run(commit.ChangedSince(began), commit.Options{}.WithFault(func(string) error {
			if calls++; calls == n {
				return unix.EIO
			}
			return nil
		}))
		if calls < n {
			break
		}
		if err == nil || report == nil || !report.RolledBack {
			continue
		}
		rolledBack++
		w.same(t, w.lower)
		known := map[string]*commit.Stamp{}
		for _, i := range report.Restored {
			known[i.Path] = i.Now
		}
		if rolledBack%2 == 0 {
			must(t, os.WriteFile(w.target+"/b", []byte("3"), 0o644))
			report, err = run(commit.Known(known, commit.ChangedSince(began)), commit.Options{})
			must(t, err)
			expect(t, "conflicts", report.Conflicts, files{"/b": "was changed"})
			continue
		}
		report, err = run(commit.Known(known, commit.ChangedSince(began)), commit.Options{})
		must(t, err)
		expect(t, "conflicts", report.Conflicts, nil)
		w.same(t, w.after)
		w.clean(t)
	}
	if rolledBack < 8 {
		t.Errorf("%d commits were taken back", rolledBack)
	}
}

// TestRestoredIsNotForced takes back a commit that was to overwrite what somebody had
// changed: that is no less theirs afterwards.
func TestRestoredIsNotForced(t *testing.T) {
	w := newWorld(t, memoryDir(t), files{"a": "1", "b": "1"}, files{"a": "2", "b": "2"})
	began := w.settle(t)
	must(t, os.WriteFile(w.target+"/a", []byte("3"), 0o644))
	must(t, os.Chtimes(w.target+"/a", time.Now(), time.Now().Add(-time.Hour)))
	req, done := w.request(t)
	defer done()
	req.Base = commit.ChangedSince(began)
	exchanges := 0
	report, err := commit.Run(context.Background(), req, commit.Options{Overwrite: true}.WithFault(func(call string) error {
		if call == "renameat2" {
			if exchanges++; exchanges == 2 {
				return unix.EIO
			}
		}
		return nil
	}))
	if err == nil || !report.RolledBack {
		t.Fatalf("%v, %+v", err, report)
	}
	if _, ok := paths(report.Restored)["/a"]; ok {
		t.Error("what was to be overwritten is taken for the sandbox's")
	}
}

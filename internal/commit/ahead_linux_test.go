// SPDX-License-Identifier: MIT

package commit_test

import (
	"context"
	"maps"
	"os"
	"testing"

	"github.com/sandbox-rls/sandbox/internal/commit"
	"github.com/sandbox-rls/sandbox/internal/delta"
)

// TestTouchedSinceFound has somebody touch a file of the target after it was found to have changed, and summed
// up. Whatever it was, a dry run knows it, a commit of all or nothing leaves the target as it is, and a partial one
// that file. The partial one takes the others even after that of all or nothing: it did not exchange them and take
// that back, which gives them a change time that looks like somebody's edit.
func TestTouchedSinceFound(t *testing.T) {
	for name, c := range map[string]struct {
		touch  func(file string) error
		reason string
	}{
		"written": {func(file string) error { return os.WriteFile(file, []byte("h"), 0o644) }, "was changed"},
		"chmod":   {func(file string) error { return os.Chmod(file, 0o755) }, "was changed"},
		"same":    {func(file string) error { return os.WriteFile(file, []byte("1"), 0o644) }, "was changed"},
		"gone":    {os.Remove, "is gone"},
		"a link":  {func(file string) error { return replaced(file, func() error { return os.Symlink("b", file) }) }, "is of another type now"},
		"a dir":   {func(file string) error { return replaced(file, func() error { return os.Mkdir(file, 0o755) }) }, "is of another type now"},
		"a parent": {func(file string) error {
			return os.Rename(file[:len(file)-len("/a")], file[:len(file)-len("/a")]+"-moved")
		}, "its directory is not there"},
	} {
		t.Run(name, func(t *testing.T) {
			before := files{"b": "1", "dir/a": "1", "z": "1"}
			w := newWorld(t, memoryDir(t), before, files{"b": "2", "dir/a": "2", "z": "2"})
			began := w.settle(t)
			contents := commit.NewContents(true, true)
			changes, err := delta.ChangesSeen(delta.Layers{Upper: w.upper, Lower: []string{w.target}}, contents.Add)
			must(t, err)
			must(t, c.touch(w.target+"/dir/a"))
			touched := scan(t, w.target)
			run := func(opts commit.Options) *commit.Report {
				report, err := commit.Run(context.Background(), commit.Request{
					Target: w.target, Upper: w.upper, Changes: changes, Base: commit.ChangedSince(began), Contents: contents, Journal: w.journal,
				}, opts)
				must(t, err)
				if len(report.Conflicts) != 1 || report.Conflicts[0].Path != "/dir/a" {
					t.Errorf("%+v: %+v", opts, report)
				}
				return report
			}
			run(commit.Options{DryRun: true})
			expect(t, "conflicts", run(commit.Options{}).Conflicts, files{"/dir/a": c.reason})
			if now := scan(t, w.target); !maps.Equal(now, touched) {
				t.Errorf("%v instead of %v", now, touched)
			}
			w.clean(t)
			expect(t, "applied", run(commit.Options{Partial: true}).Applied, files{"/b": "", "/z": ""})
			for path, is := range scan(t, w.target) {
				if was := touched[path]; is != was && path != "/b" && path != "/z" {
					t.Errorf("%s: %s instead of %s", path, is, was)
				}
			}
			w.clean(t)
		})
	}
}

func replaced(file string, by func() error) error {
	if err := os.Remove(file); err != nil {
		return err
	}
	return by()
}

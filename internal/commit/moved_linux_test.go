// SPDX-License-Identifier: MIT

package commit_test

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sandbox-rls/sandbox/internal/commit"
)

// TestDirectoryMoved has somebody do something to a directory of the target in the middle of a commit's
// steps in it, when five of ten are done: what they are about is what is at their paths then.
func TestDirectoryMoved(t *testing.T) {
	for _, c := range []struct {
		name          string
		before, after string // what each file holds; "": it is not there
		meanwhile     func(t *testing.T, w *world, outside string)
		want          files // the conflicts
	}{
		{"moved out, and a copy put in its place", "old", "new", func(t *testing.T, w *world, outside string) {
			must(t, os.Rename(w.target+"/a", outside))
			copyTree(t, outside, w.target+"/a")
		}, files{"/a/f5": "was changed", "/a/f6": "was changed", "/a/f7": "was changed", "/a/f8": "was changed", "/a/f9": "was changed"}},
		{"moved, and another file put there", "old", "new", func(t *testing.T, w *world, _ string) {
			must(t, os.Rename(w.target+"/a", w.target+"/b"))
			build(t, w.target, files{"a/f7": "theirs"})
		}, files{"/a/f5": "is gone", "/a/f6": "is gone", "/a/f7": "was changed", "/a/f8": "is gone", "/a/f9": "is gone"}},
		{"made anew, with what was to be deleted", "old", "", func(t *testing.T, w *world, outside string) {
			must(t, os.Rename(w.target+"/a", outside))
			files := files{"a/x": "same"}
			for i := range 10 {
				files[fmt.Sprintf("a/f%d", i)] = "theirs"
			}
			build(t, w.target, files)
		}, files{"/a/f0": "was changed", "/a/f1": "was changed", "/a/f2": "was changed", "/a/f3": "was changed", "/a/f4": "was changed", "/a/f5": "was changed"}},
		{"removed, with what was to be added", "", "new", func(t *testing.T, w *world, _ string) {
			must(t, os.RemoveAll(w.target+"/a"))
		}, files{
			"/a/f5": "its directory is not there", "/a/f6": "its directory is not there", "/a/f7": "its directory is not there",
			"/a/f8": "its directory is not there", "/a/f9": "its directory is not there",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, after := files{"a/x": "same"}, files{"a/x": "same"}
			for i := range 10 {
				path := fmt.Sprintf("a/f%d", i)
				if c.before != "" {
					before[path] = c.before
				}
				if c.after != "" {
					after[path] = c.after
				}
			}
			w := newWorld(t, memoryDir(t), before, after)
			outside := temporary(t, "/dev/shm") + "/a"
			changes := int64(len(w.changes(t)))
			var asked atomic.Int64
			report, err := w.commit(t, commit.Options{Partial: true, Allow: func(path string) bool {
				if asked.Add(1) > changes && path == "/a/f5" { // each is asked for when it is judged, too
					c.meanwhile(t, w, outside)
				}
				return true
			}})
			must(t, err)
			expect(t, "conflicts", report.Conflicts, c.want)
			for path := range c.want { // nobody's file was touched, wherever it is now
				theirs := scan(t, w.target)[path] == "-rw-r--r-- theirs" || scan(t, w.target)[path] == "" && c.want[path] != "was changed"
				if _, err := os.Stat(outside); err == nil && c.after != "" {
					theirs = scan(t, w.target)[path] == "-rw-r--r-- old" && scan(t, outside)[strings.TrimPrefix(path, "/a")] == "-rw-r--r-- old"
				}
				if !theirs {
					t.Errorf("%s is %q", path, scan(t, w.target)[path])
				}
			}
			w.clean(t)
		})
	}
}

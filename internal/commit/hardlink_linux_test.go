// SPDX-License-Identifier: MIT

package commit_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox/internal/commit"
)

// TestHardLinks commits to a target in which one file has several names: what is done to
// one of them is nobody's change of another.
func TestHardLinks(t *testing.T) {
	large := strings.Repeat("1", 1<<20+1)
	for _, content := range []string{"1", large} {
		before := files{"a": content, "b": content, "d/c": content, "other": content}
		for what, after := range map[string]files{
			"two are changed":            {"a": "2", "b": "3", "d/c": content, "other": content},
			"all of them are changed":    {"a": "2", "b": "2", "d/c": "2", "other": "2"},
			"two are deleted":            {"d/c": content, "other": content},
			"a directory with one":       {"a": "2", "b": content, "other": content},
			"one is deleted, one is not": {"b": "3", "d/c": content, "other": content},
			"permissions":                {"a": "0600 " + content, "b": content, "d/c": content, "other": content},
			"permissions of two":         {"a": "0600 " + content, "b": "0700 " + content, "d/c": content, "other": content},
			"permissions and content":    {"a": "0600 " + content, "b": "3", "d/c": content, "other": content},
		} {
			for _, overwrite := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, %d bytes, overwrite=%v", what, len(content), overwrite), func(t *testing.T) {
					w := newWorld(t, memoryDir(t), before, after)
					for _, name := range []string{"b", "d/c", "other"} {
						must(t, os.Remove(w.target+"/"+name))
						must(t, os.Link(w.target+"/a", w.target+"/"+name))
					}
					r, err := w.commit(t, commit.Options{Overwrite: overwrite})
					must(t, err)
					expect(t, "conflicts", r.Conflicts, nil)
					expect(t, "failed", r.Failed, nil)
					w.clean(t)
					w.same(t, w.after)
				})
			}
		}
	}
}

// TestHardLinkChanged has a file with several names changed by somebody else.
func TestHardLinkChanged(t *testing.T) {
	w := newWorld(t, memoryDir(t), files{"a": "1", "b": "1"}, files{"a": "2", "b": "3"})
	must(t, os.Remove(w.target+"/b"))
	must(t, os.Link(w.target+"/a", w.target+"/b"))
	must(t, os.WriteFile(w.target+"/b", []byte("4"), 0o644))
	r, err := w.commit(t, commit.Options{})
	must(t, err)
	expect(t, "conflicts", r.Conflicts, files{"/a": "was changed", "/b": "was changed"})
	w.clean(t)
}

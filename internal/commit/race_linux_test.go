// SPDX-License-Identifier: MIT

package commit_test

import (
	"os"
	"testing"

	"github.com/sandbox-rls/sandbox/internal/commit"
)

// TestHostEditsBetweenCalls has the host act right before each call of a
// commit. What it wrote is there afterwards, and nothing else of the host is gone.
func TestHostEditsBetweenCalls(t *testing.T) {
	for name, c := range map[string]struct {
		// edit changes the file; what it returns is called after the commit.
		edit func(name string) func()
		want string // "" is none
	}{
		"in place": {func(name string) func() {
			must(t, os.WriteFile(name, []byte("host"), 0o644))
			return nil
		}, "host"},
		"renamed over": {func(name string) func() {
			must(t, os.WriteFile(name+".tmp", []byte("host"), 0o644))
			must(t, os.Rename(name+".tmp", name))
			return nil
		}, "host"},
		"written later": {func(name string) func() {
			f, err := os.OpenFile(name, os.O_RDWR, 0)
			must(t, err)
			return func() {
				_, err := f.WriteAt([]byte("host"), 0)
				must(t, err)
				must(t, f.Close())
			}
		}, "host"},
		"made a directory": {func(name string) func() {
			must(t, os.RemoveAll(name))
			build(t, name, files{"mine": "host"})
			return nil
		}, "directory"},
		"removed": {func(name string) func() { must(t, os.Remove(name)); return nil }, ""},
	} {
		for kind, after := range map[string]files{"modified": {"a": "news", "z": "2"}, "deleted": {"z": "2"}, "added": {"a": "1old", "b": "2new", "z": "2"}} {
			t.Run(name+" "+kind, func(t *testing.T) {
				for n := 1; ; n++ {
					w := newWorld(t, memoryDir(t), files{"a": "1old", "z": "1"}, after)
					path := w.target + "/a"
					if kind == "added" {
						path = w.target + "/b"
					}
					calls, acted := 0, false
					var later func()
					_, err := w.commit(t, commit.Options{}.WithFault(func(string) error {
						calls++
						if _, err := os.Lstat(path); calls >= n && !acted && (err == nil || kind == "added" && name == "made a directory") {
							acted = true
							later = c.edit(path)
						}
						return nil
					}))
					must(t, err)
					if later != nil {
						later()
					}
					if !acted {
						break
					}
					got := ""
					if b, err := os.ReadFile(path); err == nil {
						got = string(b)
					} else if b, err := os.ReadFile(path + "/mine"); err == nil && string(b) == "host" {
						got = "directory"
					}
					if got != c.want {
						t.Fatalf("call %d: %q, the host made it %q", n, got, c.want)
					}
					w.clean(t)
				}
			})
		}
	}
}

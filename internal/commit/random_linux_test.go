// SPDX-License-Identifier: MIT

package commit_test

import (
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"github.com/sandbox-rls/sandbox/internal/commit"
)

var (
	names  = rapid.SampledFrom([]string{"a", "b", "c", ".wh.a", "n\nl", "\xff"})
	aPath  = rapid.Custom(func(t *rapid.T) string { return filepath.Join(rapid.SliceOfN(names, 1, 4).Draw(t, "path")...) })
	text   = rapid.SampledFrom([]string{"", "one", "two", "three"})
	aMode  = rapid.SampledFrom([]os.FileMode{0o644, 0o755, 0o700, 0o600})
	action = rapid.SampledFrom([]string{"write", "write", "mkdir", "remove", "removeall", "rename", "symlink", "chmod"})
)

// act does something random to a tree. That it fails is as good.
func act(t *rapid.T, dir string) {
	name := filepath.Join(dir, aPath.Draw(t, "name"))
	if parent, err := filepath.EvalSymlinks(filepath.Dir(name)); err == nil && parent != filepath.Dir(name) {
		return // who knows where
	}
	switch action.Draw(t, "action") {
	case "write":
		_ = os.MkdirAll(filepath.Dir(name), 0o755)
		if info, err := os.Lstat(name); err != nil || info.Mode().IsRegular() {
			_ = os.WriteFile(name, []byte(text.Draw(t, "text")), 0o644)
		}
	case "mkdir":
		_ = os.MkdirAll(name, 0o755)
	case "remove":
		_ = os.Remove(name)
	case "removeall":
		_ = os.RemoveAll(name)
	case "rename":
		_ = os.Rename(name, filepath.Join(dir, aPath.Draw(t, "to")))
	case "symlink":
		_ = os.Symlink(aPath.Draw(t, "target"), name)
	case "chmod":
		if info, err := os.Lstat(name); err == nil && info.Mode()&os.ModeSymlink == 0 {
			mode := aMode.Draw(t, "mode")
			if info.IsDir() {
				mode |= 0o700
			}
			_ = os.Chmod(name, mode)
		}
	}
}

// TestCommitMakesTheTreesEqual compares a commit with a naive copy of what the
// sandbox has, and one that the host edited with what both had.
func TestCommitMakesTheTreesEqual(t *testing.T) {
	base := memoryDir(t)
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(base, "")
		must(t, err)
		defer os.RemoveAll(dir)
		w := &world{dir + "/target", dir + "/lower", dir + "/after", dir + "/upper", &memory{entries: map[string][]byte{}}}
		must(t, os.Mkdir(w.lower, 0o755))
		for range rapid.IntRange(0, 15).Draw(t, "files") {
			act(t, w.lower)
		}
		copyTree(t, w.lower, w.target)
		copyTree(t, w.lower, w.after)
		for range rapid.IntRange(0, 15).Draw(t, "acts") {
			act(t, w.after)
		}
		overlay(t, w.lower, w.after, w.upper)
		for range rapid.SampledFrom([]int{0, 0, 1, 3}).Draw(t, "edits of the host") {
			act(t, w.target)
		}
		host, lower := scan(t, w.target), scan(t, w.lower)
		quiet := equal(host, lower)
		report, err := w.commit(t, commit.Options{Partial: rapid.Bool().Draw(t, "partial")})
		must(t, err)
		w.clean(t)
		if quiet {
			w.same(t, w.after)
			return
		}
		// What the host changed is as the host left it, unless the sandbox did
		// the same.
		got, after := scan(t, w.target), scan(t, w.after)
		for path := range union(host, lower) {
			if path != "/" && host[path] != lower[path] && got[path] != host[path] && got[path] != after[path] {
				t.Fatalf("%q: %q, the host had %q, the sandbox %q; %+v", path, got[path], host[path], after[path], report)
			}
			if host[path] != lower[path] && host[path] != "" && got[path] == "" {
				t.Fatalf("%q of the host is gone: %+v", path, report)
			}
		}
	})
}

func union(a, b map[string]string) map[string]bool {
	all := map[string]bool{}
	for _, m := range []map[string]string{a, b} {
		for k := range m {
			all[k] = true
		}
	}
	return all
}

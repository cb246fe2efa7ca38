// SPDX-License-Identifier: MIT

package oracle

import (
	"slices"
	"strings"

	"github.com/sandbox-rls/sandbox/fsguard"
)

// visible are the paths of the case's tree that are seen, "" for its directory.
func (w *world) visible() map[string]bool {
	shown := map[string]bool{}
	mark := func(path string) {
		for ; path != "" && !shown[path]; path, _ = split(path) {
			shown[path] = true
		}
		shown[""] = true
	}
	if w.c.Prefix == "" || w.level(w.c.Prefix) >= fsguard.View {
		shown[""] = true
	}
	dirs := map[string]bool{"": true}
	for _, s := range w.c.Tree {
		if w.level(w.c.Prefix+s.Path) >= fsguard.View {
			mark(s.Path)
		}
		if s.Kind == Dir {
			dirs[s.Path] = true
		}
	}
	for _, dir := range w.needed() {
		if w.reachable(dir) {
			for dir != "" && !dirs[dir] {
				dir, _ = split(dir)
			}
			mark(dir)
		}
	}
	return shown
}

// missing are the directories that write rules name and the source lacks.
func (w *world) missing() []string {
	var dirs []string
	for _, dir := range w.needed() {
		if dir != "" && w.reachable(dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// reachable reports whether nothing but directories is in the way to one.
func (w *world) reachable(dir string) bool {
	return !slices.ContainsFunc(w.c.Tree, func(s Source) bool {
		return s.Kind != Dir && (dir == s.Path || strings.HasPrefix(dir, s.Path+"/"))
	})
}

// needed are the directories that write rules name: the one of a directory
// rule, that in which the file of a file rule is, and the literal directories
// that a glob begins with. One is not needed if stronger rules keep everything
// in it from being written.
func (w *world) needed() []string {
	var dirs []string
	for _, r := range w.c.Rules {
		if r.Permission != fsguard.Write {
			continue
		}
		for _, pattern := range braces(clean(r.Pattern), r.Type) {
			if dir, ok := w.place(pattern, r.Type); ok && !slices.Contains(dirs, dir) {
				dirs = append(dirs, dir)
			}
		}
	}
	slices.Sort(dirs)
	return dirs
}

func (w *world) place(pattern string, t fsguard.PatternType) (string, bool) {
	literal := pattern
	if t == fsguard.Glob {
		if i := strings.IndexAny(pattern, `*?[`); i >= 0 {
			dir, _ := split(pattern[:i])
			if pattern[len(dir):] == "/**" {
				return dir, w.level(w.c.Prefix+dir) == fsguard.Write
			}
			// Whether other rules leave nothing of a glob is not always found out.
			any := w.anyBeneath(dir)
			w.unclear = w.unclear || !any
			return dir, any
		}
		t = fsguard.File
	}
	if w.level(w.c.Prefix+literal) != fsguard.Write {
		return "", false
	}
	if t == fsguard.File {
		dir, _ := split(literal)
		return dir, true
	}
	return literal, true
}

// anyBeneath reports whether a name that a rule could mean, beneath dir, may be
// written. It tries those that cases are made of.
func (w *world) anyBeneath(dir string) bool {
	for _, a := range names {
		path := w.c.Prefix + dir + "/" + a
		if w.level(path) == fsguard.Write {
			return true
		}
		for _, b := range names {
			if w.level(path+"/"+b) == fsguard.Write {
				return true
			}
		}
	}
	return false
}

func clean(pattern string) string { return "/" + strings.Trim(pattern, "/") }

// braces are the patterns without {a,b} that one with it stands for.
func braces(pattern string, t fsguard.PatternType) []string {
	open := strings.IndexByte(pattern, '{')
	if open < 0 || t != fsguard.Glob {
		return []string{pattern}
	}
	end := open + strings.IndexByte(pattern[open:], '}')
	var all []string
	for _, part := range strings.Split(pattern[open+1:end], ",") {
		all = append(all, braces(pattern[:open]+part+pattern[end+1:], t)...)
	}
	return all
}

// SPDX-License-Identifier: MIT

package oracle

import (
	"fmt"
	"maps"
	"slices"
)

// fact is what the owner of a sandbox compares of a path.
type fact struct {
	kind Kind
	mode uint32
	size int64
	data string
}

// facts are those of all paths of the case's directory, itself included.
func (w *world) facts() map[string]fact {
	all := map[string]fact{}
	if w.home == nil {
		return all
	}
	var add func(e *entry, path string)
	add = func(e *entry, path string) {
		n := e.node
		all[path] = fact{n.kind, n.mode, n.length(), string(n.data)}
		for name, b := range e.below {
			add(b, path+"/"+name)
		}
	}
	add(w.home, "")
	return all
}

// changes are what Changes lists of the case's directory.
func (w *world) changes() []string {
	after := w.facts()
	var lines []string
	for _, path := range slices.Sorted(maps.Keys(after)) {
		was, had := w.before[path]
		switch is := after[path]; {
		case !had:
			lines = append(lines, FormatChange(w.c.Prefix+path, "added", is.kind, is.mode, is.size))
		case was != is:
			lines = append(lines, FormatChange(w.c.Prefix+path, "modified", is.kind, is.mode, is.size))
		}
	}
	for path, was := range w.before {
		if _, have := after[path]; !have {
			lines = append(lines, FormatChange(w.c.Prefix+path, "deleted", was.kind, was.mode, was.size))
		}
	}
	slices.Sort(lines)
	return lines
}

// FormatChange renders a change. A directory has no size worth telling, nor has a
// symlink a mode.
func FormatChange(path, kind string, k Kind, mode uint32, size int64) string {
	if path == "" {
		path = "/"
	}
	switch k {
	case Dir:
		return fmt.Sprintf("%s %s dir %o", path, kind, mode)
	case Symlink:
		return fmt.Sprintf("%s %s link %d", path, kind, size)
	}
	return fmt.Sprintf("%s %s file %o %d", path, kind, mode, size)
}

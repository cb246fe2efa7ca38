// SPDX-License-Identifier: MIT

package oracle

import (
	"strings"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/rulemodel"
)

// world is the state of a sandbox.
type world struct {
	c      *Case
	mutant Mutant
	rules  []fsguard.Rule
	levels map[string]fsguard.Permission
	root   *entry // "/"
	work   *entry // the workspace
	home   *entry // the case's directory; nil if it is hidden
	hidden []string
	before map[string]fact
	procs  [2]proc
	// unclear says that an operation led to where the model does not know what
	// happens: out of the workspace, mostly.
	unclear bool
	// adrift says that an operation's path begins in a directory that was removed:
	// what it leads to by ".." is not changed.
	adrift bool
}

// proc is a process.
type proc struct {
	cwd   *entry
	umask uint32
	files map[string]*file
}

// file is an open file.
type file struct {
	e           *entry // nil without a name
	n           *node
	at          int64
	read, write bool
	append      bool
	path        bool // O_PATH
	door        bool // opened by the guard, on the writable mount
}

const (
	probeName  = ".probe"
	sourceTime = 1_500_000_000
)

// newWorld shows of the source what the rules let be seen: what has the level
// view or more, and what leads to it; and the directories that write rules name.
func newWorld(c *Case, m Mutant) *world {
	w := &world{c: c, mutant: m, rules: c.Placed(), levels: map[string]fsguard.Permission{}}
	w.rules = append(w.rules, fsguard.Rule{Pattern: "/" + probeName, Type: fsguard.File, Permission: fsguard.Read, Priority: 1 << 20})
	w.root = &entry{node: &node{mode: 0o755, source: true, time: -1}, below: map[string]*entry{}}
	w.root.up = w.root
	w.work = w.root.add(Workspace[1:], &node{mode: 0o755, source: true, time: -1})
	shown := w.visible()
	top := w.work
	if c.Prefix != "" {
		if shown[""] {
			w.home = w.work.add(c.Prefix[1:], &node{mode: 0o755, source: true, time: -1})
		}
		top = w.home
	} else {
		w.home = top
		top.add(probeName, &node{kind: File, mode: 0o755, time: -1})
	}
	if top != nil {
		w.show(top, shown)
	}
	w.before = w.facts()
	for i := range w.procs {
		w.procs[i] = proc{cwd: w.work, umask: 0o022, files: map[string]*file{}}
	}
	return w
}

// show makes the visible entries of the source.
func (w *world) show(top *entry, shown map[string]bool) {
	contents := map[string]Source{}
	for _, s := range w.c.Tree {
		contents[s.Path] = s
		if !shown[s.Path] {
			w.hidden = append(w.hidden, w.c.Prefix+s.Path)
			continue
		}
		dir, name := split(s.Path)
		at := top.descend(dir)
		n := &node{kind: s.Kind, mode: s.Mode, data: []byte(w.c.Expand(s.Data)), time: sourceTime}
		switch s.Kind {
		case Dir:
			n.data, n.source, n.time = nil, true, -1
		case Symlink:
			n.mode, n.time = 0o777, -1
		case HardLink: // a file of the source is copied when it is changed: each name is one of its own
			first := contents[s.Data]
			n.kind, n.mode, n.data = File, first.Mode, []byte(first.Data)
		}
		if n.kind == File && w.level(w.c.Prefix+s.Path) == fsguard.View {
			n.hollow, n.size, n.mode, n.data = true, int64(len(n.data)), 0, nil
		}
		at.add(name, n)
	}
	for _, dir := range w.missing() {
		at := top
		for _, name := range strings.Split(dir[1:], "/") {
			next := at.below[name]
			if next == nil {
				next = at.add(name, &node{mode: 0o755, source: true, time: -1})
			}
			at = next
		}
	}
}

// descend follows a path that is there.
func (e *entry) descend(path string) *entry {
	for _, name := range strings.Split(path, "/")[1:] {
		e = e.below[name]
	}
	return e
}

// split parts a path, "/a/b", before its last component.
func split(path string) (dir, name string) {
	i := strings.LastIndexByte(path, '/')
	return path[:i], path[i+1:]
}

// level is that of a path of the workspace.
func (w *world) level(path string) fsguard.Permission {
	l, ok := w.levels[path]
	if !ok {
		l = rulemodel.Level(w.rules, path)
		w.levels[path] = l
	}
	return l
}

// writable reports whether a name in a directory may be changed. A directory
// that was removed has no path, and what lies outside the workspace no level.
func (w *world) writable(dir *entry, name string) bool {
	path, ok := w.within(dir)
	return ok && !w.adrift && w.level(path+"/"+name) == fsguard.Write
}

// mayChange does that for what has a name.
func (w *world) mayChange(e *entry) bool {
	path, ok := w.within(e)
	return ok && !w.adrift && w.level(path) == fsguard.Write
}

// within is the path of something in the workspace.
func (w *world) within(e *entry) (string, bool) {
	for at := e; at != w.work; at = at.up {
		if at.gone || at.up == at {
			return "", false
		}
	}
	return strings.TrimPrefix(e.path(), Workspace), true
}

// hides reports whether the source holds something hidden beneath a directory.
func (w *world) hides(e *entry) bool {
	path, _ := w.within(e)
	for _, h := range w.hidden {
		if strings.HasPrefix(h, path+"/") {
			return true
		}
	}
	return false
}

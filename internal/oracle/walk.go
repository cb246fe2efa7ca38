// SPDX-License-Identifier: MIT

package oracle

import "strings"

// errno is the name of one, "" for success.
type errno string

const (
	nameMax  = 255
	pathMax  = 4096
	maxLinks = 40
)

// last is the last component of a path.
type last struct {
	dir   *entry // in which it is
	name  string // "", "." and ".." are no names
	slash bool   // slashes trail it
}

func (l last) normal() bool { return l.name != "" && l.name != "." && l.name != ".." }

// walker resolves one path.
type walker struct {
	w     *world
	links int
}

// base is what an operation's path is relative to.
func (w *world) base(o *Op, path string) (*entry, errno) {
	switch {
	case path == "":
		return nil, "ENOENT"
	case len(path) >= pathMax:
		return nil, "ENAMETOOLONG"
	case strings.HasPrefix(path, "/"):
		return w.root, ""
	case o.Dir == "":
		w.searches(w.procs[o.Proc].cwd)
		return w.procs[o.Proc].cwd, ""
	}
	f := w.procs[o.Proc].files[o.Dir]
	if f == nil {
		return nil, "EBADF"
	}
	if f.e != nil {
		w.searches(f.e)
	}
	if f.n.kind != Dir {
		return nil, "ENOTDIR"
	}
	return f.e, ""
}

// searches notes that something is found by its way from the workspace, which a
// process that is there already does not need: see the exceptions of fsguardtest.
func (w *world) searches(e *entry) {
	w.adrift = w.adrift || e.gone
	for at := e.up; at != w.root; at = at.up {
		if !at.node.may(MayExec) {
			w.unclear = true
		}
	}
}

// find resolves a path to what it names.
func (w *world) find(o *Op, path string, follow bool) (*entry, errno) {
	path = w.c.Expand(path)
	from, err := w.base(o, path)
	if err != "" {
		return nil, err
	}
	e, err := (&walker{w: w}).find(from, path, follow)
	if err == "" {
		w.stays(e)
	}
	return e, err
}

// parent resolves a path to its last component.
func (w *world) parent(o *Op, path string) (last, errno) {
	path = w.c.Expand(path)
	from, err := w.base(o, path)
	if err != "" {
		return last{}, err
	}
	l, err := (&walker{w: w}).parent(from, path)
	if err == "" {
		w.stays(l.dir)
	}
	return l, err
}

// stays notes where an operation leads to.
func (w *world) stays(e *entry) { w.unclear = w.unclear || !e.within(w.work) }

// parent walks all but the last component. Each directory on the way, the last
// one included, must let itself be searched.
func (r *walker) parent(from *entry, path string) (last, errno) {
	if strings.HasPrefix(path, "/") {
		from = r.w.root
	}
	rest := strings.TrimLeft(path, "/")
	if rest == "" {
		return last{dir: from}, ""
	}
	for {
		if !from.node.may(MayExec) {
			return last{}, "EACCES"
		}
		name, after, more := strings.Cut(rest, "/")
		after = strings.TrimLeft(after, "/")
		if after == "" {
			return last{from, name, more}, ""
		}
		next, err := r.step(last{dir: from, name: name, slash: true}, true)
		if err != "" {
			return last{}, err
		}
		if !next.isDir() {
			return last{}, "ENOTDIR"
		}
		from, rest = next, after
	}
}

// step enters a component of a path.
func (r *walker) step(l last, follow bool) (*entry, errno) {
	switch l.name {
	case "", ".":
		return l.dir, ""
	case "..":
		return l.dir.up, ""
	}
	if len(l.name) > nameMax {
		return nil, "ENAMETOOLONG"
	}
	e := l.dir.below[l.name]
	if e == nil {
		return nil, "ENOENT"
	}
	if e.node.kind != Symlink || !follow {
		return e, ""
	}
	if r.links++; r.links > maxLinks {
		return nil, "ELOOP"
	}
	return r.find(l.dir, string(e.node.data), true)
}

func (r *walker) find(from *entry, path string, follow bool) (*entry, errno) {
	l, err := r.parent(from, path)
	if err != "" {
		return nil, err
	}
	e, err := r.step(l, follow || l.slash)
	if err != "" {
		return nil, err
	}
	if l.slash && !e.isDir() {
		return nil, "ENOTDIR"
	}
	return e, ""
}

// SPDX-License-Identifier: MIT

package oracle

import "github.com/sandbox-rls/sandbox/fsguard"

// rename is renameat2(2). It needs write at both names, and for a directory at
// all names beneath it, in both places.
func (w *world) rename(o *Op) (string, errno) {
	if o.Flag&(NoReplace|Exchange) == NoReplace|Exchange {
		return "", "EINVAL"
	}
	from, err := w.parent(o, o.Path)
	if err != "" {
		return "", err
	}
	to, err := w.parent(&Op{Proc: o.Proc}, o.To)
	switch {
	case err != "":
		return "", err
	case !from.normal():
		return "", "EBUSY"
	case !to.normal() && o.Flag&NoReplace != 0:
		return "", "EEXIST"
	case !to.normal():
		return "", "EBUSY"
	case !w.writable(from.dir, from.name):
		return "", "EROFS"
	case !w.writable(to.dir, to.name) && !(w.mutant == RenameToNone && w.level(w.workPath(to)) == fsguard.None):
		return "", "EROFS"
	}
	old, new := from.dir.below[from.name], to.dir.below[to.name]
	if err := w.movable(old, to); err != "" {
		return "", err
	}
	if err := w.movable(new, from); err != "" {
		return "", err
	}
	if err := w.renameNames(o.Flag, from, to); err != "" {
		return "", err
	}
	if old == new || new != nil && old.node == new.node {
		return "", ""
	}
	if err := w.renameAllowed(o.Flag, from, to, old, new); err != "" {
		return "", err
	}
	if o.Flag&Exchange != 0 {
		old.move(to)
		new.move(from)
		return "", ""
	}
	if new != nil {
		new.remove()
	}
	delete(from.dir.below, from.name)
	old.move(to)
	return "", ""
}

func (e *entry) move(to last) {
	e.up, e.name = to.dir, to.name
	to.dir.below[to.name] = e
}

// movable is EXDEV for a directory that the rules keep where it is.
func (w *world) movable(e *entry, to last) errno {
	if e == nil || !e.isDir() {
		return ""
	}
	if w.hides(e) || !w.allWritable(e, w.workPath(to)) {
		return "EXDEV"
	}
	return ""
}

func (w *world) allWritable(dir *entry, to string) bool {
	if !dir.node.may(MayRead | MayExec) {
		w.unclear = true // EXDEV, unless no rule could say anything of what it holds
	}
	for name, e := range dir.below {
		if w.mutant == MovesAnyTree {
			return true
		}
		if !w.mayChange(e) || w.level(to+"/"+name) != fsguard.Write {
			return false
		}
		if e.isDir() && !w.allWritable(e, to+"/"+name) {
			return false
		}
	}
	return true
}

// renameNames is what do_renameat2 asks of the names.
func (w *world) renameNames(f Flag, from, to last) errno {
	old, new := from.dir.below[from.name], to.dir.below[to.name]
	switch {
	case len(from.name) > nameMax || len(to.name) > nameMax:
		return "ENAMETOOLONG"
	case old == nil:
		return "ENOENT"
	case to.dir.gone:
		return "ENOENT"
	case f&NoReplace != 0 && new != nil:
		return "EEXIST"
	case f&Exchange != 0 && new == nil:
		return "ENOENT"
	case f&Exchange != 0 && !new.isDir() && to.slash:
		return "ENOTDIR"
	case !old.isDir() && (from.slash || f&Exchange == 0 && to.slash):
		return "ENOTDIR"
	case to.dir.within(old):
		return "EINVAL"
	case new != nil && from.dir.within(new) && f&Exchange != 0:
		return "EINVAL"
	case new != nil && from.dir.within(new):
		return "ENOTEMPTY"
	}
	return ""
}

// renameAllowed is what vfs_rename and overlayfs ask of the directories.
func (w *world) renameAllowed(f Flag, from, to last, old, new *entry) errno {
	exchange := f&Exchange != 0
	switch {
	case makes(from.dir) != "" || makes(to.dir) != "":
		return "EACCES"
	case new != nil && !exchange && old.isDir() && !new.isDir():
		return "ENOTDIR"
	case new != nil && !exchange && !old.isDir() && new.isDir():
		return "EISDIR"
	case from.dir != to.dir && old.isDir() && !old.node.may(MayWrite):
		return "EACCES"
	case from.dir != to.dir && exchange && new.isDir() && !new.node.may(MayWrite):
		return "EACCES"
	case old.isDir() && old.node.source:
		return "EXDEV"
	case exchange && new.isDir() && new.node.source:
		return "EXDEV"
	case new != nil && !exchange && new.isDir() && len(new.below) > 0:
		return "ENOTEMPTY"
	}
	return ""
}

// SPDX-License-Identifier: MIT

package oracle

// free resolves a path to a name that is to be made, as filename_create does:
// a name that is taken is found before a read-only file system is.
func (w *world) free(o *Op, path string, dir bool) (last, errno) {
	l, err := w.parent(o, path)
	if err != "" {
		return l, err
	}
	switch {
	case !l.normal():
		return l, "EEXIST"
	case len(l.name) > nameMax:
		return l, "ENAMETOOLONG"
	case l.dir.gone:
		return l, "ENOENT"
	case l.dir.below[l.name] != nil:
		return l, "EEXIST"
	case l.slash && !dir:
		return l, "ENOENT"
	case !w.writable(l.dir, l.name):
		if w.mutant == HiddenExists && w.level(w.workPath(l)) == 0 {
			return l, "EEXIST"
		}
		return l, "EROFS"
	}
	return l, ""
}

func (w *world) workPath(l last) string {
	path, _ := w.within(l.dir)
	return path + "/" + l.name
}

// makes is whether a directory lets a name be made or removed in it.
func makes(dir *entry) errno {
	if !dir.node.may(MayWrite | MayExec) {
		return "EACCES"
	}
	return ""
}

func (w *world) mkdir(o *Op) (string, errno) {
	l, err := w.free(o, o.Path, true)
	if err == "" {
		err = makes(l.dir)
	}
	if err != "" {
		return "", err
	}
	mode := o.Mode & 0o1777 &^ w.procs[o.Proc].umask
	l.dir.add(l.name, &node{mode: mode | l.dir.node.mode&0o2000, time: -1})
	l.dir.node.time = -1
	return "", ""
}

// mknod makes regular files; no device is ever made.
func (w *world) mknod(o *Op) (string, errno) {
	l, err := w.free(o, o.Path, false)
	if err == "" {
		err = makes(l.dir)
	}
	if err == "" && o.Mode&0o170000 == TypeDevice {
		err = "EPERM"
	}
	if err != "" {
		return "", err
	}
	l.dir.add(l.name, &node{kind: File, mode: o.Mode & 0o7777 &^ w.procs[o.Proc].umask, time: -1})
	return "", ""
}

func (w *world) symlink(o *Op) (string, errno) {
	text := w.c.Expand(o.To)
	switch {
	case text == "":
		return "", "ENOENT"
	case len(text) >= pathMax:
		return "", "ENAMETOOLONG"
	}
	l, err := w.free(o, o.Path, false)
	if err == "" {
		err = makes(l.dir)
	}
	if err != "" {
		return "", err
	}
	l.dir.add(l.name, &node{kind: Symlink, mode: 0o777, data: []byte(text), time: -1})
	return "", ""
}

// taken resolves a path to a name that is to be removed. A read-only file
// system is found before the name is looked up.
func (w *world) taken(l last) (*entry, errno) {
	if !w.writable(l.dir, l.name) {
		return nil, "EROFS"
	}
	if len(l.name) > nameMax {
		return nil, "ENAMETOOLONG"
	}
	e := l.dir.below[l.name]
	if e == nil {
		return nil, "ENOENT"
	}
	return e, ""
}

func (w *world) unlink(o *Op) (string, errno) {
	l, err := w.parent(o, o.Path)
	if err != "" {
		return "", err
	}
	if !l.normal() {
		return "", "EISDIR"
	}
	e, err := w.taken(l)
	switch {
	case err != "":
		return "", err
	case l.slash && e.isDir():
		return "", "EISDIR"
	case l.slash:
		return "", "ENOTDIR"
	case makes(l.dir) != "":
		return "", "EACCES"
	case e.isDir():
		return "", "EISDIR"
	}
	e.remove()
	return "", ""
}

func (w *world) rmdir(o *Op) (string, errno) {
	l, err := w.parent(o, o.Path)
	if err != "" {
		return "", err
	}
	switch l.name {
	case "":
		return "", "EBUSY"
	case ".":
		return "", "EINVAL"
	case "..":
		return "", "ENOTEMPTY"
	}
	e, err := w.taken(l)
	switch {
	case err != "":
		return "", err
	case e.isDir() && w.hides(e) && w.mutant != HiddenIsEmpty:
		if len(e.below) > 0 && e.node.may(MayRead) {
			return "", "ENOTEMPTY"
		}
		return "", "EROFS"
	case makes(l.dir) != "":
		return "", "EACCES"
	case !e.isDir():
		return "", "ENOTDIR"
	case len(e.below) > 0:
		return "", "ENOTEMPTY"
	}
	e.remove()
	return "", ""
}

// link needs write at both names.
func (w *world) link(o *Op) (string, errno) {
	old, err := w.find(o, o.Path, o.Flag&Follow != 0)
	if err != "" {
		return "", err
	}
	at := Op{Proc: o.Proc}
	l, err := w.free(&at, o.To, false)
	switch {
	case err != "":
		return "", err
	case !w.mayChange(old) && w.mutant != LinkNeedsOne:
		return "", "EROFS"
	case makes(l.dir) != "":
		return "", "EACCES"
	case old.isDir():
		return "", "EPERM"
	}
	l.dir.add(l.name, old.node)
	return "", ""
}

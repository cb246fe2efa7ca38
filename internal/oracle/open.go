// SPDX-License-Identifier: MIT

package oracle

import "github.com/sandbox-rls/sandbox/fsguard"

// open is open(2). What an open changes needs write at what the path leads to
// in the end, which may not be there yet.
func (w *world) open(o *Op) (string, errno) {
	f := o.Flag
	switch {
	case f&TmpFile != 0 && (f&Creat != 0 || f&(WrOnly|RdWr) == 0):
		return "", "EINVAL"
	case f&PathOnly != 0:
		f &= PathOnly | Directory | NoFollow
	case f&Creat != 0 && f&Directory != 0:
		return "", "EINVAL"
	}
	if f&TmpFile != 0 {
		return w.tmpFile(o, f)
	}
	path := w.c.Expand(o.Path)
	from, err := w.base(o, path)
	if err != "" {
		return "", err
	}
	r := walker{w: w}
	for {
		l, err := r.parent(from, path)
		if err != "" {
			return "", err
		}
		w.stays(l.dir)
		if f&Creat != 0 && l.slash && l.normal() {
			return "", "EISDIR"
		}
		e, err := r.step(l, false)
		if err == "ENOENT" && f&Creat != 0 && l.normal() && !l.slash {
			return "", w.create(o, f, l)
		}
		if err != "" {
			return "", err
		}
		if e.node.kind == Symlink && (l.slash || f&NoFollow == 0 && f&(Creat|Excl) != Creat|Excl) {
			if r.links++; r.links > maxLinks {
				return "", "ELOOP"
			}
			from, path = l.dir, string(e.node.data)
			if l.slash {
				path += "/"
			}
			continue
		}
		if l.slash {
			f |= Directory
		}
		return "", w.openEntry(o, f, e)
	}
}

// create makes a file that is not there.
func (w *world) create(o *Op, f Flag, l last) errno {
	switch {
	case l.dir.gone:
		return "ENOENT"
	case !w.writable(l.dir, l.name):
		return "EROFS"
	case !l.dir.node.may(MayWrite | MayExec):
		return "EACCES"
	}
	p := &w.procs[o.Proc]
	e := l.dir.add(l.name, &node{kind: File, mode: o.Mode &^ p.umask & 0o7777, time: -1})
	w.keep(o, f, e, e.node)
	return ""
}

// openEntry opens what is there. The order is that of do_open and may_open.
func (w *world) openEntry(o *Op, f Flag, e *entry) errno {
	n := e.node
	if f&PathOnly != 0 {
		if f&Directory != 0 && n.kind != Dir {
			return "ENOTDIR"
		}
		w.keep(o, f, e, n)
		return ""
	}
	writes := f&(WrOnly|RdWr) != 0
	ro := !w.mayChange(e)
	switch {
	case f&Creat != 0 && f&Excl != 0:
		return "EEXIST"
	case f&Creat != 0 && n.kind == Dir:
		return "EISDIR"
	case f&Directory != 0 && n.kind != Dir:
		return "ENOTDIR"
	case n.kind == File && f&Trunc != 0 && ro:
		return "EROFS"
	case n.kind == Symlink:
		return "ELOOP"
	case n.kind == Dir && (writes || f&Trunc != 0):
		return "EISDIR"
	case !n.may(needs(f)) && !(w.mutant == ViewIsRead && n.hollow && !writes):
		if writes {
			return w.shut()
		}
		return "EACCES"
	case writes && ro:
		return "EROFS"
	}
	if f&Trunc != 0 && n.kind == File {
		n.data = nil
		n.touched()
	}
	w.keep(o, f, e, n)
	return ""
}

// shut is the error for what may not be written, and whose mode does not let it
// either: where nothing at all may be written, the file system says it first.
func (w *world) shut() errno {
	for _, r := range w.c.Rules {
		if r.Permission == fsguard.Write {
			return "EACCES"
		}
	}
	return "EACCES|EROFS"
}

// needs are the permissions that an open asks for.
func needs(f Flag) uint32 {
	var bits uint32
	if f&WrOnly == 0 {
		bits |= MayRead
	}
	if f&(WrOnly|RdWr|Trunc) != 0 {
		bits |= MayWrite
	}
	return bits
}

// tmpFile makes a file without a name, which needs write at the directory.
func (w *world) tmpFile(o *Op, f Flag) (string, errno) {
	dir, err := w.find(o, o.Path, f&NoFollow == 0)
	switch {
	case err != "":
		return "", err
	case !dir.isDir():
		return "", "ENOTDIR"
	case !w.mayChange(dir):
		return "", "EROFS"
	case !dir.node.may(MayWrite | MayExec):
		return "", "EACCES"
	}
	p := &w.procs[o.Proc]
	w.keep(o, f, nil, &node{kind: File, mode: o.Mode &^ p.umask & 0o7777, time: -1, unnamed: true})
	return "", ""
}

// keep gives an open file its name.
func (w *world) keep(o *Op, f Flag, e *entry, n *node) {
	if o.As == "" {
		return
	}
	w.procs[o.Proc].files[o.As] = &file{
		e: e, n: n,
		read:   f&WrOnly == 0 && f&PathOnly == 0,
		write:  f&(WrOnly|RdWr) != 0,
		append: f&Append != 0,
		path:   f&PathOnly != 0,
		door:   f&(WrOnly|RdWr|Creat|Trunc) != 0 && (e == nil || w.mayChange(e)),
	}
}

func (w *world) close(o *Op) (string, errno) {
	files := w.procs[o.Proc].files
	if files[o.FD] == nil {
		return "", "EBADF"
	}
	delete(files, o.FD)
	return "", ""
}

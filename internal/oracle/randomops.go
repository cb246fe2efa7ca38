// SPDX-License-Identifier: MIT

package oracle

import "strings"

var (
	modes     = []uint32{0o644, 0o600, 0o755, 0o700, 0o777, 0o666, 0o400, 0o500, 0o200, 0o000, 0o4755, 0o2755, 0o1777}
	openFlags = []Flag{
		0, 0, WrOnly, RdWr, RdWr, WrOnly | Creat, RdWr | Creat, Creat, RdWr | Creat | Excl, WrOnly | Creat | Trunc, WrOnly | Trunc, Trunc,
		WrOnly | Append, RdWr | Creat | Append, Directory, WrOnly | Directory, Creat | Directory, NoFollow, WrOnly | NoFollow, RdWr | Creat | NoFollow,
		PathOnly, PathOnly | NoFollow, PathOnly | Directory, PathOnly | Creat, TmpFile | RdWr, TmpFile | WrOnly, TmpFile, TmpFile | RdWr | Creat,
		NoFollow | Directory, WrOnly | Creat | Trunc | NoFollow, Trunc | NoFollow, Creat | Excl | Trunc | WrOnly,
	}
	handles = []string{"p", "q", "r"}
)

// paths are those that the tree has now.
func (w *world) paths() []string {
	all := []string{"@"}
	if w.home == nil {
		return all
	}
	var add func(e *entry, path string)
	add = func(e *entry, path string) {
		for _, name := range e.list() {
			if name == probeName {
				continue
			}
			all = append(all, path+"/"+name)
			add(e.below[name], path+"/"+name)
		}
	}
	add(w.home, "@")
	return all
}

// path draws one that is there, was in the source, or may be made.
func (d draw) path(w *world) string {
	have := w.paths()
	p := one(d, have)
	switch n := d.IntN(100); {
	case n < 45:
	case n < 70:
		p += "/" + one(d, names)
	case n < 85 && len(w.c.Tree) > 0:
		p = "@" + one(d, w.c.Tree).Path
	default:
		p = "@/" + one(d, names)
		if d.chance(40) {
			p += "/" + one(d, names)
		}
	}
	return d.decorate(p)
}

// decorate gives a path another form, which may mean something else.
func (d draw) decorate(p string) string {
	dir, name, ok := strings.Cut(p, "/")
	switch n := d.IntN(100); {
	case n < 6:
		return p + "/"
	case n < 8:
		return p + "/."
	case n < 10 && strings.Count(p, "/") > 1:
		return p + "/.."
	case n < 12 && ok:
		return dir + "//" + name
	case n < 14 && ok:
		return dir + "/./" + name
	case n < 17 && ok:
		return dir + "/" + one(d, names) + "/../" + name
	case n < 25 && ok:
		return name // from the working directory
	}
	return p
}

// ops draws an operation, or a few that belong together.
func (d draw) ops(w *world) []Op {
	var ops []Op
	switch n := d.IntN(100); {
	case n < 20:
		ops = d.openOps(w)
	case n < 45:
		ops = d.fileOps()
	case n < 73:
		ops = []Op{d.nameOp(w)}
	case n < 75:
		ops = d.dirOps(w)
	case n < 85:
		ops = []Op{d.attrOp(w)}
	default:
		ops = []Op{d.lookOp(w)}
	}
	proc := 0
	if d.chance(15) {
		proc = 1
	}
	for i := range ops {
		ops[i].Proc = proc
	}
	return ops
}

func (d draw) openOps(w *world) []Op {
	o := Op{Call: "open", Path: d.path(w), Flag: one(d, openFlags), Mode: one(d, modes)}
	if d.chance(75) {
		o.As = one(d, handles)
	}
	ops := []Op{d.from(o)}
	if o.As != "" && d.chance(50) {
		more := d.fileOps()
		more[0].FD = o.As
		ops = append(ops, more[0])
	}
	return ops
}

// from makes some paths relative to an open file.
func (d draw) from(o Op) Op {
	if rest, ok := strings.CutPrefix(o.Path, "@/"); ok && d.chance(12) {
		o.Path, o.Dir = rest, one(d, handles)
		if i := strings.IndexByte(rest, '/'); i >= 0 && d.chance(50) {
			o.Path = strings.TrimLeft(rest[i:], "/")
		}
	}
	return o
}

func (d draw) data() string { return one(d, []string{"1", "two", "three 3 three", "four\n4\n"}) }

func (d draw) fileOps() []Op {
	fd, mode := one(d, handles), one(d, modes)
	size := int64(d.IntN(24))
	return []Op{one(d, []Op{
		{Call: "readn", FD: fd, Size: size + 1},
		{Call: "readn", FD: fd, Size: size + 1},
		{Call: "pread", FD: fd, Size: size + 1, Mode: uint32(d.IntN(20))},
		{Call: "write", FD: fd, To: d.data()},
		{Call: "write", FD: fd, To: d.data()},
		{Call: "write", FD: fd, To: d.data()},
		{Call: "pwrite", FD: fd, To: d.data(), Mode: uint32(d.IntN(30))},
		{Call: "lseek", FD: fd, Size: size - 4, Mode: uint32(d.IntN(3))},
		{Call: "ftruncate", FD: fd, Size: size - 1},
		{Call: "fstat", FD: fd},
		{Call: "close", FD: fd},
		{Call: "fchdir", FD: fd},
		{Call: "fchmod", FD: fd, Mode: mode},
		{Call: "futimens", FD: fd, Size: 1_000_000 + size},
		{Call: "fsetxattr", FD: fd, Name: "user.f", To: d.data()},
	})}
}

func (d draw) nameOp(w *world) Op {
	path, to := d.path(w), d.path(w)
	text := d.target(w.c.Tree, "/a/b")
	o := one(d, []Op{
		{Call: "mkdir", Path: path, Mode: one(d, modes)},
		{Call: "mkdir", Path: path, Mode: 0o777},
		{Call: "rmdir", Path: path},
		{Call: "rmdir", Path: path},
		{Call: "unlink", Path: path},
		{Call: "unlink", Path: path},
		{Call: "rename", Path: path, To: to},
		{Call: "rename", Path: path, To: to},
		{Call: "rename", Path: path, To: to},
		{Call: "renameat2", Path: path, To: to, Flag: NoReplace},
		{Call: "renameat2", Path: path, To: to, Flag: Exchange},
		{Call: "link", Path: path, To: to},
		{Call: "link", Path: path, To: to, Flag: Follow},
		{Call: "symlink", Path: path, To: text},
		{Call: "symlink", Path: path, To: text},
		{Call: "mknod", Path: path, Mode: TypeRegular | 0o644},
		{Call: "mknod", Path: path, Mode: TypeDevice | 0o600, Size: 0x103},
		{Call: "truncate", Path: path, Size: int64(d.IntN(40)) - 1},
	})
	if o.Call == "truncate" {
		return o
	}
	return d.from(o)
}

// dirOps are about a directory that is there: one that hides something, if any
// does, or one that is removed while a process is in it.
func (d draw) dirOps(w *world) []Op {
	var dirs, hiding []string
	for _, path := range w.paths()[1:] {
		e := w.home.descend(path[1:])
		if !e.isDir() {
			continue
		}
		if dirs = append(dirs, path); w.hides(e) {
			hiding = append(hiding, path)
		}
	}
	if len(hiding) > 0 && d.chance(60) {
		path := one(d, hiding)
		return []Op{one(d, []Op{
			{Call: "rmdir", Path: path}, {Call: "rmdir", Path: path}, {Call: "rename", Path: path, To: "@/" + one(d, names)}, {Call: "rename", Path: one(d, dirs), To: path},
		})}
	}
	path := "@/" + one(d, names)
	if len(dirs) > 0 && d.chance(50) {
		path = one(d, dirs)
	}
	return []Op{
		{Call: "mkdir", Path: path, Mode: 0o755},
		{Call: "chdir", Path: path},
		{Call: "rmdir", Path: path},
		{Call: "getcwd"},
		d.nameOp(w),
		{Call: "mkdir", Path: one(d, []string{"", "../", "./"}) + one(d, names), Mode: 0o755},
	}
}

func (d draw) attrOp(w *world) Op {
	path := d.path(w)
	name := one(d, []string{"user.f", "user.g"})
	o := one(d, []Op{
		{Call: "chmod", Path: path, Mode: one(d, modes)},
		{Call: "chmod", Path: path, Mode: one(d, modes)},
		{Call: "utimens", Path: path, Size: 2_000_000},
		{Call: "mtime", Path: path},
		{Call: "setxattr", Path: path, Name: name, To: d.data(), Flag: one(d, []Flag{0, 0, Create, Replace})},
		{Call: "getxattr", Path: path, Name: name},
		{Call: "removexattr", Path: path, Name: name},
	})
	if strings.HasSuffix(o.Call, "xattr") {
		return o
	}
	return d.from(o)
}

func (d draw) lookOp(w *world) Op {
	path := d.path(w)
	o := one(d, []Op{
		{Call: "stat", Path: path},
		{Call: "lstat", Path: path},
		{Call: "cat", Path: path},
		{Call: "readlink", Path: path},
		{Call: "readdir", Path: path},
		{Call: "statfs", Path: path},
		{Call: "access", Path: path, Mode: uint32(d.IntN(8))},
		{Call: "access", Path: path, Mode: MayWrite},
		{Call: "getcwd"},
		{Call: "umask", Mode: one(d, []uint32{0, 0o22, 0o77, 0o27})},
		{Call: "chdir", Path: path},
		{Call: "chdir", Path: path},
	})
	if o.Path == "" || o.Call == "chdir" {
		return o
	}
	return d.from(o)
}

// SPDX-License-Identifier: MIT

package oracle

func (w *world) chdir(o *Op) (string, errno) {
	e, err := w.find(o, o.Path, true)
	if err == "" {
		err = w.enter(o, e)
	}
	return "", err
}

func (w *world) fchdir(o *Op) (string, errno) {
	f := w.procs[o.Proc].files[o.FD]
	if f == nil {
		return "", "EBADF"
	}
	if f.n.kind != Dir {
		return "", "ENOTDIR"
	}
	return "", w.enter(o, f.e)
}

func (w *world) enter(o *Op, e *entry) errno {
	switch {
	case !e.isDir():
		return "ENOTDIR"
	case !e.node.may(MayExec):
		return "EACCES"
	}
	w.procs[o.Proc].cwd = e
	return ""
}

func (w *world) getcwd(o *Op) (string, errno) {
	cwd := w.procs[o.Proc].cwd
	if cwd.gone {
		return "", "ENOENT"
	}
	if cwd == w.root {
		return "/", ""
	}
	return cwd.path(), ""
}

func (w *world) setUmask(o *Op) (string, errno) {
	w.procs[o.Proc].umask = o.Mode & 0o777
	return "", ""
}

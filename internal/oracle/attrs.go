// SPDX-License-Identifier: MIT

package oracle

import "strconv"

// changeable finds what a call changes the attributes of. That the file system
// is read-only is found before anything about the file but that it is there.
func (w *world) changeable(o *Op) (*node, errno) {
	e, err := w.find(o, o.Path, true)
	if err != "" {
		return nil, err
	}
	if !w.mayChange(e) {
		return nil, "EROFS"
	}
	return e.node, ""
}

// changeableFile does that for an open file. One that the guard has opened is on
// the writable mount for good; one that was opened for reading is found by its
// name, if it still has it.
func (w *world) changeableFile(o *Op) (*node, errno) {
	f, err := w.file(o)
	if err == "" && !f.door && !f.e.gone {
		w.searches(f.e)
	}
	if err == "" && f.door && !f.write && f.e != nil && f.e.gone {
		w.unclear = true // overlayfs cannot copy a file of the source that has no name any more
	}
	switch {
	case err != "":
		return nil, err
	case f.door, f.e != nil && !f.e.gone && w.mayChange(f.e):
		return f.n, ""
	}
	return nil, "EROFS"
}

func (w *world) chmod(o *Op) (string, errno) {
	n, err := w.changeable(o)
	if err == "" {
		n.mode = o.Mode & 0o7777
	}
	return "", err
}

func (w *world) fchmod(o *Op) (string, errno) {
	n, err := w.changeableFile(o)
	if err == "" {
		n.mode = o.Mode & 0o7777
	}
	return "", err
}

func (w *world) utimens(o *Op) (string, errno) {
	n, err := w.changeable(o)
	if err == "" {
		n.time = o.Size
	}
	return "", err
}

func (w *world) futimens(o *Op) (string, errno) {
	n, err := w.changeableFile(o)
	if err == "" {
		n.time = o.Size
	}
	return "", err
}

func (w *world) setxattr(o *Op) (string, errno) {
	n, err := w.changeable(o)
	if err != "" {
		return "", err
	}
	return "", n.set(o)
}

func (w *world) fsetxattr(o *Op) (string, errno) {
	n, err := w.changeableFile(o)
	if err != "" {
		return "", err
	}
	return "", n.set(o)
}

// set is for attributes of the user, which regular files and directories have.
func (n *node) set(o *Op) errno {
	_, have := n.attrs[o.Name]
	switch {
	case n.kind == Symlink:
		return "EPERM"
	case !n.may(MayWrite):
		return "EACCES"
	case have && o.Flag&Create != 0:
		return "EEXIST"
	case !have && o.Flag&Replace != 0:
		return "ENODATA"
	}
	if n.attrs == nil {
		n.attrs = map[string]string{}
	}
	n.attrs[o.Name] = o.To
	return ""
}

func (w *world) removexattr(o *Op) (string, errno) {
	n, err := w.changeable(o)
	if err != "" {
		return "", err
	}
	_, have := n.attrs[o.Name]
	switch {
	case !n.may(MayWrite):
		return "", "EACCES"
	case !have:
		return "", "ENODATA"
	}
	delete(n.attrs, o.Name)
	return "", ""
}

func (w *world) getxattr(o *Op) (string, errno) {
	e, err := w.find(o, o.Path, true)
	if err != "" {
		return "", err
	}
	value, have := e.node.attrs[o.Name]
	switch {
	case !e.node.may(MayRead):
		return "", "EACCES"
	case !have:
		return "", "ENODATA"
	}
	return strconv.QuoteToASCII(value), ""
}

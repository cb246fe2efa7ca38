// SPDX-License-Identifier: MIT

package oracle

import (
	"fmt"
	"strconv"
	"strings"
)

func (w *world) stat(o *Op) (string, errno) {
	e, err := w.find(o, o.Path, true)
	if err != "" {
		return "", err
	}
	return e.node.String(), ""
}

func (w *world) lstat(o *Op) (string, errno) {
	e, err := w.find(o, o.Path, false)
	if err != "" {
		return "", err
	}
	return e.node.String(), ""
}

func (w *world) fstat(o *Op) (string, errno) {
	f := w.procs[o.Proc].files[o.FD]
	if f == nil {
		return "", "EBADF"
	}
	return f.n.String(), ""
}

// String is the node as the probe shows it.
func (n *node) String() string {
	switch n.kind {
	case Dir:
		return fmt.Sprintf("dir %o", n.mode)
	case Symlink:
		return fmt.Sprintf("link 777 %d", len(n.data))
	}
	return fmt.Sprintf("file %o %d", n.mode, n.length())
}

// mtime is said where a call has set it, or the source.
func (w *world) mtime(o *Op) (string, errno) {
	e, err := w.find(o, o.Path, false)
	switch {
	case err != "":
		return "", err
	case e.node.time < 0 || e.node.kind != File:
		return Unknown, ""
	case e.node.time == sourceTime:
		return fmt.Sprintf("mtime %d.%09d", e.node.time, 0), ""
	}
	return fmt.Sprintf("mtime %d.%09d", e.node.time, 5000), ""
}

func (w *world) access(o *Op) (string, errno) {
	e, err := w.find(o, o.Path, true)
	switch {
	case err != "":
		return "", err
	case !e.node.may(o.Mode) && o.Mode&MayWrite != 0 && !w.mayChange(e):
		return "", w.shut()
	case !e.node.may(o.Mode):
		return "", "EACCES"
	case o.Mode&MayWrite != 0 && !w.mayChange(e):
		return "", "EROFS"
	}
	return "", ""
}

func (w *world) readdir(o *Op) (string, errno) {
	e, err := w.find(o, o.Path, true)
	switch {
	case err != "":
		return "", err
	case !e.isDir():
		return "", "ENOTDIR"
	case !e.node.may(MayRead):
		return "", "EACCES"
	case e.within(w.work) && (e != w.work || !w.c.Shared):
		names := e.list()
		for i, n := range names {
			names[i] = strings.Trim(strconv.QuoteToASCII(n), `"`)
		}
		return "[" + strings.Join(names, " ") + "]", ""
	case e.gone:
		return "[]", ""
	}
	return Unknown, "" // outside the workspace, or beside other cases
}

func (w *world) readlink(o *Op) (string, errno) {
	if o.Path == "" && o.Dir != "" {
		return Unknown, "" // the open file itself, of which kernels think differently
	}
	e, err := w.find(o, o.Path, false)
	switch {
	case err != "":
		return "", err
	case e.node.kind != Symlink:
		return "", "EINVAL"
	}
	return "-> " + string(e.node.data), ""
}

func (w *world) statfs(o *Op) (string, errno) {
	_, err := w.find(o, o.Path, true)
	return "", err
}

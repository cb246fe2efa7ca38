// SPDX-License-Identifier: MIT

package oracle

import (
	"maps"
	"slices"
	"strconv"
)

// dump renders what a process sees of the case's directory, as the probe's
// call tree does: a line for each path, "/a/b: file 644 8 "content"".
func (w *world) dump() []string {
	if w.home == nil {
		return []string{"ENOENT"}
	}
	var lines []string
	w.dumpDir(w.home, "", &lines)
	return lines
}

func (w *world) dumpDir(dir *entry, path string, lines *[]string) {
	*lines = append(*lines, path+"/: "+dir.node.String()+dir.node.attributes())
	if !dir.node.may(MayRead) {
		*lines = append(*lines, path+"/: EACCES")
		return
	}
	for _, name := range dir.list() {
		e := dir.below[name]
		below := path + "/" + name
		switch {
		case dir == w.work && name == probeName:
		case !dir.node.may(MayExec):
			*lines = append(*lines, below+": EACCES")
		case e.isDir():
			w.dumpDir(e, below, lines)
		case e.node.kind == Symlink:
			*lines = append(*lines, below+": "+e.node.String()+" -> "+string(e.node.data))
		default:
			content := "EACCES"
			if e.node.may(MayRead) {
				content = strconv.QuoteToASCII(string(e.node.data))
			}
			*lines = append(*lines, below+": "+e.node.String()+" "+content+e.node.attributes())
		}
	}
}

// attributes shows those of the user, which can be read.
func (n *node) attributes() string {
	s := ""
	for _, name := range slices.Sorted(maps.Keys(n.attrs)) {
		s += " " + name
	}
	return s
}

// openAll gives the mode 755 to directories that keep their owner out.
func (w *world) openAll() []string {
	var opened []string
	for _, path := range w.paths() {
		if e := w.at(path); e != nil && e.isDir() && !e.node.may(MayRead|MayExec) {
			e.node.mode = 0o755
			opened = append(opened, path)
		}
	}
	return opened
}

// at is what has a path of the case, "@/a/b".
func (w *world) at(path string) *entry {
	if w.home == nil {
		return nil
	}
	return w.home.descend(path[1:])
}

// SPDX-License-Identifier: MIT

package oracle

import (
	"maps"
	"slices"
)

// node is a file: what has a mode and a content, whatever its names are.
type node struct {
	kind    Kind
	mode    uint32
	data    []byte // content, or a link's text
	size    int64  // of a placeholder, whose content nobody knows
	hollow  bool   // a placeholder
	source  bool   // a directory of the source, which overlayfs does not move
	names   int    // how many there are
	unnamed bool   // O_TMPFILE: it never had one
	attrs   map[string]string
	time    int64 // modification, in seconds; -1 is some other time
}

func (n *node) length() int64 {
	if n.hollow {
		return n.size
	}
	return int64(len(n.data))
}

func (n *node) may(bits uint32) bool { return n.mode>>6&bits == bits }

// touched is a node whose content was changed: privileges that its mode gives
// are gone (file_remove_privs), and the time is another.
func (n *node) touched() {
	n.mode &^= 0o4000
	if n.mode&0o010 != 0 {
		n.mode &^= 0o2000
	}
	n.time = -1
}

// entry is a name in a directory, as the kernel's dentries are: it moves with a
// rename, and an open file goes on to have the one it was opened by.
type entry struct {
	up    *entry
	name  string
	node  *node
	gone  bool // removed
	below map[string]*entry
}

func (e *entry) path() string {
	if e.up == e {
		return ""
	}
	return e.up.path() + "/" + e.name
}

func (e *entry) isDir() bool { return e.node.kind == Dir }

func (e *entry) list() []string { return slices.Sorted(maps.Keys(e.below)) }

func (e *entry) add(name string, n *node) *entry {
	made := &entry{up: e, name: name, node: n}
	if n.kind == Dir {
		made.below = map[string]*entry{}
	}
	n.names++
	e.below[name] = made
	return made
}

func (e *entry) remove() {
	delete(e.up.below, e.name)
	e.gone = true
	e.node.names--
}

// within reports whether e is dir or beneath it.
func (e *entry) within(dir *entry) bool {
	for ; ; e = e.up {
		if e == dir {
			return true
		}
		if e.up == e {
			return false
		}
	}
}

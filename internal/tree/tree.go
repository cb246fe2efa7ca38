// SPDX-License-Identifier: MIT

package tree

import (
	"io/fs"
	"sort"
	"strings"
)

// Entry is one file of a tree as lstat(2) saw it.
type Entry struct {
	// Path is the path from the tree's root, with a leading slash and the
	// bytes as they are: names need not be valid UTF-8.
	Path string
	// Mode holds type and permissions. ModeIrregular marks a name that could
	// not be examined; a Problem tells why.
	Mode fs.FileMode
	// Size in bytes, as st_size.
	Size int64
	// ModTime and ChangeTime are nanoseconds since 1970.
	ModTime, ChangeTime int64
	Ino, Dev            uint64
	UID, GID            uint32
	// Nlink is how many names the file has, as st_nlink; 0 of what was not looked at.
	Nlink uint32
	// Link is the target of a symbolic link.
	Link string
}

// Special reports whether the entry is neither a directory, a regular file
// nor a symbolic link.
func (e *Entry) Special() bool {
	return e.Mode.Type()&^(fs.ModeDir|fs.ModeSymlink) != 0
}

// Problem is a path that could not be listed or copied, and why.
type Problem struct {
	Path string
	Err  error
}

// Tree is the listing of a directory.
type Tree struct {
	// Dir is the directory that was listed.
	Dir string
	// Entries are in tree order (see Compare); the root, "/", comes first.
	Entries []Entry
	// Problems are directories that could not be read and names that could
	// not be examined, in tree order. What lies beneath them is not listed.
	Problems []Problem
	// Listed is when the listing began, in nanoseconds since 1970. A file
	// whose ChangeTime is not clearly older may have changed once more
	// without a trace in its times.
	Listed int64
}

// Find returns the index of path's entry, and whether there is one. When there
// is none, the index is where it would stand.
func (t *Tree) Find(path string) (int, bool) {
	return sort.Find(len(t.Entries), func(i int) int { return Compare(path, t.Entries[i].Path) })
}

// Lookup returns the entry of path, or nil.
func (t *Tree) Lookup(path string) *Entry {
	if i, ok := t.Find(path); ok {
		return &t.Entries[i]
	}
	return nil
}

// Compare orders paths as a walk with sorted names meets them: bytewise, but
// with the slash before every other byte. A directory is followed at once by
// all that lies beneath it.
func Compare(a, b string) int {
	if a == b {
		return 0
	}
	if a == "/" {
		return -1
	}
	if b == "/" {
		return 1
	}
	n := min(len(a), len(b))
	i := 0
	for i < n && a[i] == b[i] {
		i++
	}
	switch {
	case i == len(a):
		return -1
	case i == len(b):
		return 1
	case a[i] == '/':
		return -1
	case b[i] == '/':
		return 1
	case a[i] < b[i]:
		return -1
	}
	return 1
}

// Beneath reports whether path lies strictly beneath dir.
func Beneath(path, dir string) bool {
	if dir == "/" {
		return path != "/"
	}
	return len(path) > len(dir) && path[len(dir)] == '/' && strings.HasPrefix(path, dir)
}

// Split cuts path into its directory and its last name. The root is its own
// directory and has the name ".".
func Split(path string) (dir, name string) {
	i := strings.LastIndexByte(path, '/')
	switch {
	case path == "/":
		return "/", "."
	case i <= 0:
		return "/", path[i+1:]
	}
	return path[:i], path[i+1:]
}

// Join puts name beneath dir.
func Join(dir, name string) string {
	if dir == "/" {
		return "/" + name
	}
	return dir + "/" + name
}

// Perm returns the permission bits of mode as chmod(2) takes them, without
// set-user-ID and set-group-ID: nothing that is made for a sandbox has those.
func Perm(mode fs.FileMode) uint32 {
	bits := uint32(mode.Perm())
	if mode&fs.ModeSticky != 0 {
		bits |= 0o1000
	}
	return bits
}

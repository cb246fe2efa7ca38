// SPDX-License-Identifier: MIT

package delta

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// maxPath bounds the length of a path in the upper directory: hostile code
// can nest directories without end.
const maxPath = 64 << 10

// Changes returns what differs between what a sandbox has and what it is
// compared with, sorted by path. The overlay may be mounted with userxattr or
// without. A type change is Modified, with both modes. What was copied up and is
// as before is no change. The root is compared too: an upper directory has to be
// made with the mode of the lower ones.
//
// No symbolic link is followed. The cost is that of the upper directory, of the
// open base and of what was deleted. When something in the upper directory
// cannot be read, the error says what, and the changes found elsewhere are
// returned with it.
func Changes(l Layers) ([]Change, error) {
	s, err := l.open()
	if err != nil {
		return nil, err
	}
	defer s.close()
	c := &collector{buf: make([]byte, 64<<10)}
	c.name(&merged{layers: s.before}, &merged{layers: s.now}, "/")
	for len(c.stack) > 0 {
		p := c.stack[len(c.stack)-1]
		c.stack = c.stack[:len(c.stack)-1]
		c.compare(p)
	}
	slices.SortFunc(c.changes, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return c.changes, errors.Join(c.errors...)
}

// pair is a directory before and now; nil where there is none.
type pair struct {
	path     string
	old, new *merged
}

type collector struct {
	comparer
	stack   []pair
	changes []Change
	errors  []error
	buf     []byte
}

func (c *collector) fail(op, path string, err error) {
	var known *fs.PathError
	if !errors.As(err, &known) {
		err = &fs.PathError{Op: op, Path: path, Err: err}
	}
	c.errors = append(c.errors, err)
}

// compare looks at one directory: at the names in the layers that one side has
// and the other has not. Those of the others are the same on both.
func (c *collector) compare(p pair) {
	only := append(without(p.old.stack(), p.new.stack()), without(p.new.stack(), p.old.stack())...)
	names, err := list(only, p.path, c.buf)
	if err != nil {
		c.fail("readdir", p.path, err)
		return
	}
	first := len(c.stack)
	for _, name := range names {
		c.name(p.old, p.new, tree.Join(p.path, name))
	}
	slices.Reverse(c.stack[first:]) // the cursors like tree order
}

// without returns the layers that are not among others.
func without(layers, others []layer) (rest []layer) {
	for _, l := range layers {
		if !slices.Contains(others, l) {
			rest = append(rest, l)
		}
	}
	return rest
}

// name looks at one name in a directory.
func (c *collector) name(oldDir, newDir *merged, path string) {
	if len(path) > maxPath {
		c.fail("lstat", path[:256]+"…", unix.ENAMETOOLONG)
		return
	}
	old, err := lookup(oldDir.stack(), path)
	if err != nil {
		c.fail("lstat", path, err)
		return
	}
	now, err := lookup(newDir.stack(), path)
	if err != nil {
		c.fail("lstat", path, err)
		return
	}
	switch {
	case old == nil && now == nil: // a whiteout of nothing, or gone meanwhile
		return
	case old == nil:
		c.add(Change{Path: path, Kind: Added, Mode: now.Mode, Size: now.Size})
	case now == nil:
		c.add(Change{Path: path, Kind: Deleted, Mode: old.Mode, Size: old.Size, OldMode: old.Mode, OldSize: old.Size})
	case !c.same(now.found, old.found):
		c.add(Change{Path: path, Kind: Modified, Mode: now.Mode, Size: now.Size, OldMode: old.Mode, OldSize: old.Size})
	}
	if p := (pair{path, old.dir(), now.dir()}); p.old != nil || p.new != nil {
		c.stack = append(c.stack, p)
	}
}

func (c *collector) add(change Change) { c.changes = append(c.changes, change) }

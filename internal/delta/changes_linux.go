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

// Changes returns what differs between an overlay with the given upper
// directory and its lower directories, of which the topmost comes first. It is
// sorted by path. The overlay may be mounted with userxattr or without. A type
// change is Modified, with both modes. What was copied up and is as before is
// no change. The root is compared too: an upper directory has to be made with
// the mode of the lower ones.
//
// No symbolic link is followed. The cost is that of the upper directory and of
// what was deleted. When something in the upper directory cannot be read, the
// error says what, and the changes found elsewhere are returned with it.
func Changes(upper string, lower []string) ([]Change, error) {
	c := &collector{buf: make([]byte, 64<<10)}
	up, err := tree.OpenCursor(upper)
	if err != nil {
		return nil, err
	}
	defer up.Close()
	c.upper = layer{up}
	var layers []layer
	for _, dir := range lower {
		l, err := tree.OpenCursor(dir)
		if err != nil {
			return nil, err
		}
		defer l.Close()
		layers = append(layers, layer{l})
	}
	c.root(layers)
	for len(c.stack) > 0 {
		p := c.stack[len(c.stack)-1]
		c.stack = c.stack[:len(c.stack)-1]
		c.compare(p)
	}
	slices.SortFunc(c.changes, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return c.changes, errors.Join(c.errors...)
}

// pair is a directory of the upper layer, and what the lower ones have there.
type pair struct {
	path  string
	lower *merged // a directory, or nil
	// covers says that nothing of the lower layers shows through: what the
	// upper directory lacks was deleted.
	covers bool
}

type collector struct {
	comparer
	upper   layer
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

// root begins with the workspace's own directory.
func (c *collector) root(layers []layer) {
	upper, err := c.upper.find("/")
	if err != nil {
		c.fail("lstat", "/", err)
		return
	}
	lower, err := lookup(layers, "/")
	if err != nil {
		c.fail("lstat", "/", err)
		return
	}
	if lower == nil {
		c.stack = append(c.stack, pair{path: "/", covers: true})
		return
	}
	c.found("/", upper, lower)
	c.enter(upper, lower, false)
}

// compare looks at one directory of the upper layer.
func (c *collector) compare(p pair) {
	names, err := c.upper.names(p.path, c.buf)
	if vanished(err) {
		return
	}
	if err != nil {
		c.fail("readdir", p.path, err)
		return
	}
	first := len(c.stack)
	for _, name := range names {
		c.name(p, tree.Join(p.path, name))
	}
	slices.Reverse(c.stack[first:]) // the cursors like tree order
	if p.covers && p.lower != nil {
		c.uncovered(p, names)
	}
}

// name looks at one name of a directory of the upper layer.
func (c *collector) name(p pair, path string) {
	if len(path) > maxPath {
		c.fail("lstat", path[:256]+"…", unix.ENAMETOOLONG)
		return
	}
	upper, err := c.upper.find(path)
	if err != nil {
		c.fail("lstat", path, err)
		return
	}
	if upper == nil {
		return // gone meanwhile
	}
	var lower *merged
	if p.lower != nil {
		if lower, err = lookup(p.lower.layers, path); err != nil {
			c.fail("lstat", path, err)
			return
		}
	}
	switch {
	case upper.whiteout():
		c.deleted(lower)
		return
	case lower == nil:
		c.add(Change{Path: path, Kind: Added, Mode: upper.Mode, Size: upper.Size})
	default:
		c.found(path, upper, lower)
	}
	if upper.Mode.IsDir() {
		c.enter(upper, lower, p.covers)
	} else if lower != nil && lower.Mode.IsDir() {
		c.beneath(lower)
	}
}

// enter puts a directory of the upper layer on the stack.
func (c *collector) enter(upper *found, lower *merged, covers bool) {
	if lower != nil && !lower.Mode.IsDir() {
		lower = nil
	}
	covers = covers || lower != nil && c.upper.opaque(upper.Path)
	c.stack = append(c.stack, pair{path: upper.Path, lower: lower, covers: covers})
}

// found notes a path that is on both sides, if it differs.
func (c *collector) found(path string, upper *found, lower *merged) {
	if c.same(upper, lower.found) {
		return
	}
	c.add(Change{
		Path: path, Kind: Modified, Mode: upper.Mode, Size: upper.Size,
		OldMode: lower.Mode, OldSize: lower.Size,
	})
}

// uncovered notes what a directory lost that hides the lower one.
func (c *collector) uncovered(p pair, names []string) {
	old, err := list(p.lower.layers, p.path, c.buf)
	if err != nil {
		c.fail("readdir", p.path, err)
		return
	}
	for _, name := range old {
		if _, there := slices.BinarySearch(names, name); there {
			continue
		}
		m, err := lookup(p.lower.layers, tree.Join(p.path, name))
		if err != nil {
			c.fail("lstat", p.path, err)
			continue
		}
		c.deleted(m)
	}
}

// deleted notes a path that is gone, with all that it held.
func (c *collector) deleted(m *merged) {
	if m == nil {
		return
	}
	c.gone(m)
	if m.Mode.IsDir() {
		c.beneath(m)
	}
}

// beneath notes that all that a directory held is gone.
func (c *collector) beneath(dir *merged) {
	if err := descend(dir, c.buf, c.gone); err != nil {
		c.fail("readdir", dir.Path, err)
	}
}

func (c *collector) gone(m *merged) {
	c.add(Change{
		Path: m.Path, Kind: Deleted, Mode: m.Mode, Size: m.Size,
		OldMode: m.Mode, OldSize: m.Size,
	})
}

func (c *collector) add(change Change) { c.changes = append(c.changes, change) }

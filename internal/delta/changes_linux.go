// SPDX-License-Identifier: MIT

package delta

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/batch"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// maxPath bounds the length of a path in bytes, as the kernel and codebases do: by
// moving directories into each other hostile code can nest them without end, and each
// of a million files would have its long path in memory.
const maxPath = unix.PathMax

// Changes returns what differs between what a sandbox has and what it is
// compared with, sorted by path. The overlay may be mounted with userxattr or
// without. A type change is Modified, with both modes. What was copied up and is
// as before is no change. The root is compared too: an upper directory has to be
// made with the mode of the lower ones.
//
// No symbolic link is followed. The cost is that of the upper directory, of the
// open base and of what was deleted. When something in the upper directory
// cannot be read, the error says what, and the changes found elsewhere are
// returned with it. So it is with directories that hold paths longer than 4096
// bytes, which is ENAMETOOLONG, once for each. Of very many errors the first are told.
func Changes(l Layers) ([]Change, error) { return changesAt(l, "/", nil) }

// ChangesSeen is Changes, for a caller who wants to see files that were read.
func ChangesSeen(l Layers, seen Seen) ([]Change, error) { return changesAt(l, "/", seen) }

// ChangesAt is Changes for one path, and what lies beneath it. It costs what
// changed there.
func ChangesAt(l Layers, path string) ([]Change, error) {
	if !clean(path) {
		return nil, &fs.PathError{Op: "changes", Path: path, Err: unix.EINVAL}
	}
	if len(path) > maxPath {
		return nil, &fs.PathError{Op: "changes", Path: path, Err: unix.ENAMETOOLONG}
	}
	return changesAt(l, path, nil)
}

func changesAt(l Layers, path string, seen Seen) ([]Change, error) {
	s, err := l.open()
	if err != nil {
		return nil, err
	}
	defer s.close()
	c := &collector{buf: make([]byte, 64<<10), only: path, told: map[unix.Errno]int{}, queue: contest(l, s, seen)}
	c.name(pair{old: &merged{layers: s.before}, new: &merged{layers: s.now}}, "/")
	for len(c.stack) > 0 {
		p := c.stack[len(c.stack)-1]
		c.stack = c.stack[:len(c.stack)-1]
		c.compare(p)
	}
	c.settle()
	slices.SortFunc(c.changes, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return c.changes, errors.Join(c.errors...)
}

// pair is a directory before and now; nil where there is none.
type pair struct {
	path     string
	old, new *merged
	gone     int64 // when it was deleted, of one that is not there now
}

type collector struct {
	queue     *batch.Queue[*contested]
	only      string // the path that is asked for
	stack     []pair
	changes   []Change
	contested []*contested // which of changes may be none
	errors    []error
	told      map[unix.Errno]int // how many of errors are of a kind
	buf       []byte
}

// maxErrors bounds what directories full of them take. No kind of them hides another.
const maxErrors = 100

func (c *collector) fail(op, path string, err error) {
	var kind unix.Errno
	_ = errors.As(err, &kind)
	if c.told[kind]++; c.told[kind] > maxErrors {
		return
	}
	var known *fs.PathError
	if !errors.As(err, &known) {
		err = &fs.PathError{Op: op, Path: path, Err: err}
	}
	c.errors = append(c.errors, err)
}

// compare looks at one directory: at the names in the layers that one side has
// and the other has not. Those of the others are the same on both.
func (c *collector) compare(p pair) {
	if tree.Beneath(c.only, p.path) {
		c.name(p, nextName(p.path, c.only))
		return
	}
	only := append(without(p.old.stack(), p.new.stack()), without(p.new.stack(), p.old.stack())...)
	names, err := list(only, p.path, c.buf)
	if err != nil {
		c.fail("readdir", p.path, err)
		return
	}
	first, deep := len(c.stack), false
	for _, name := range names {
		if tooLong(p.path, name) {
			deep = true
			continue
		}
		c.name(p, tree.Join(p.path, name))
	}
	slices.Reverse(c.stack[first:]) // the cursors like tree order
	if deep {
		c.fail("readdir", p.path, unix.ENAMETOOLONG)
	}
}

// tooLong reports whether the path of a name in a directory is longer than maxPath.
func tooLong(dir, name string) bool { return len(dir)+len("/")+len(name) > maxPath }

// without returns the layers that are not among others.
func without(layers, others []layer) (rest []layer) {
	for _, l := range layers {
		if !slices.Contains(others, l) {
			rest = append(rest, l)
		}
	}
	return rest
}

// nextName is the path of the entry of a directory that a path leads through.
func nextName(dir, path string) string {
	at := len(dir)
	if dir != "/" {
		at++
	}
	if end := strings.IndexByte(path[at:], '/'); end >= 0 {
		return path[:at+end]
	}
	return path
}

// name looks at one name in a directory.
func (c *collector) name(dir pair, path string) {
	old, err := lookup(dir.old.stack(), path)
	if err != nil {
		c.fail("lstat", path, err)
		return
	}
	now, err := lookup(dir.new.stack(), path)
	if err != nil {
		c.fail("lstat", path, err)
		return
	}
	if old == nil && now == nil { // a whiteout of nothing, or gone meanwhile
		return
	}
	p := pair{path: path, old: old.dir(), new: now.dir(), gone: dir.gone}
	if now == nil && dir.new != nil {
		p.gone = deletedAt(dir.new, path)
	}
	if path == c.only || c.only == "/" || tree.Beneath(path, c.only) {
		c.note(old, now, path, p.gone)
	}
	if p.old != nil || p.new != nil {
		c.stack = append(c.stack, p)
	}
}

// note notes a path that differs.
func (c *collector) note(old, now *merged, path string, gone int64) {
	change := Change{Path: path}
	switch {
	case now == nil:
		c.add(Change{Path: path, Kind: Deleted, Mode: old.Mode, Size: old.Size, OldMode: old.Mode, OldSize: old.Size, Time: gone})
		return
	case old == nil:
		change.Kind = Added
	case alike(now.found, old.found):
		if !unsure(now.found, old.found) {
			return
		}
		p := &contested{now: now.found, old: old.found, change: len(c.changes)}
		c.contested = append(c.contested, p)
		c.queue.Add(p)
		fallthrough
	default:
		change.Kind, change.OldMode, change.OldSize = Modified, old.Mode, old.Size
	}
	change.Mode, change.Size, change.Time, change.ModTime, change.Link = now.Mode, now.Size, now.ChangeTime, now.ModTime, now.Link
	c.add(change)
}

// deletedAt is when a name was deleted from a directory: when its whiteout was made,
// or, where the directory hides all that was in it, when that was changed last.
func deletedAt(dir *merged, path string) int64 {
	for _, l := range dir.layers {
		if f, err := l.find(path); err == nil && f != nil && f.whiteout() {
			return f.ChangeTime
		}
	}
	if dir.found == nil {
		return 0
	}
	return dir.ChangeTime
}

// settle takes out of the changes what turned out to be the same.
func (c *collector) settle() {
	c.queue.Finish()
	for _, p := range c.contested {
		if p.same {
			c.changes[p.change].Path = ""
		}
	}
	c.changes = slices.DeleteFunc(c.changes, func(c Change) bool { return c.Path == "" })
	if len(c.changes) == 0 {
		c.changes = nil
	}
}

func (c *collector) add(change Change) { c.changes = append(c.changes, change) }

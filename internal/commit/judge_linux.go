// SPDX-License-Identifier: MIT

package commit

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// smallFile is up to which size a file's content is summed up, whatever its
// times say.
const smallFile = 1 << 20

// judge looks at the target, and says of each change what is to become of it.
type judge struct {
	*buffers
	root   int
	source source
	base   Base
	opts   *Options
	nodes  []node
	index  map[string]int
	homes  []home
	mounts map[uint64]int // the homes by mount
	dir    seen
}

// seen is the directory that was looked at last: most changes come one after the other in
// one.
type seen struct {
	path string
	fd   int
	home int
	parent
}

// judgeAll fills in the nodes.
func (j *judge) judgeAll(ctx context.Context) error {
	mount, err := mountOf(j.root)
	if err != nil {
		return err
	}
	e, err := stat(j.root, "", "/")
	if err != nil {
		return err
	}
	j.homes, j.mounts = []home{{Path: "/", Ino: e.Ino}}, map[uint64]int{mount: 0}
	defer j.leave()
	for i := range j.nodes { // parents first
		if err := ctx.Err(); err != nil {
			return err
		}
		j.one(&j.nodes[i])
	}
	for i := len(j.nodes) - 1; i >= 0; i-- { // children first
		if n := &j.nodes[i]; n.removesDir() {
			j.emptied(n)
		}
	}
	return nil
}

func (j *judge) one(n *node) {
	c := &n.change
	if reserved(c.Path) {
		n.set(skipped, "has a name that is reserved for commits")
		return
	}
	if !j.opts.allows(c.Path) {
		n.set(denied, "may not be written")
		return
	}
	e := tree.Entry{Mode: c.Mode}
	if c.Kind != delta.Deleted && e.Special() {
		n.set(skipped, "is a FIFO, a socket or a device")
		return
	}
	if reason := j.source.check(c); reason != "" {
		n.set(failed, reason)
		return
	}
	if !j.place(n) {
		return
	}
	if c.Kind == delta.Deleted && n.now == nil {
		n.set(unchanged, "")
		return
	}
	if err := j.stamp(n); err != nil {
		n.set(failed, "cannot be read: "+err.Error())
		return
	}
	if n.now != nil && c.Kind != delta.Deleted && j.same(n) {
		n.set(unchanged, "")
		return
	}
	if reason := j.base.Differs(*c, n.now); reason != "" && !j.opts.Overwrite {
		n.set(conflict, reason)
	}
}

// place finds out what the target has at the path, and where. It is false when
// that settles what becomes of it.
func (j *judge) place(n *node) bool {
	path := n.change.Path
	dir, last := tree.Split(path)
	if i, ok := j.index[dir]; ok && path != "/" && j.nodes[i].makesDir() {
		up := &j.nodes[i]
		n.home, n.dir = up.home, up.dir // nothing can be in it
		return true
	}
	err := j.look(n, dir, last)
	switch {
	case err == nil:
		return true
	case n.change.Kind == delta.Deleted && (err == unix.ENOENT || blocked(err) != "" && j.replaced(dir)):
		n.set(unchanged, "")
	case blocked(err) != "":
		n.set(conflict, blocked(err))
	default:
		n.set(failed, "cannot be examined: "+err.Error())
	}
	return false
}

// replaced reports whether the sandbox put something else in the place of the directory
// dir, or of one above it.
func (j *judge) replaced(dir string) bool {
	for ; dir != "/"; dir, _ = tree.Split(dir) {
		if i, ok := j.index[dir]; ok && j.nodes[i].change.Kind != delta.Deleted {
			n := &j.nodes[i]
			return n.fate == unchanged && !n.change.Mode.IsDir()
		}
	}
	return false
}

func (j *judge) look(n *node, dir, last string) error {
	if err := j.enter(dir); err != nil {
		return err
	}
	n.home, n.dir = j.dir.home, j.dir.parent
	var err error
	n.now, err = examine(j.root, j.dir.fd, last, n.change.Path)
	return err
}

// enter opens a directory and looks where it is.
func (j *judge) enter(dir string) error {
	if j.dir.path == dir {
		return nil
	}
	j.leave()
	fd, err := openBeneath(j.root, dir, pathFlags)
	if err != nil {
		return err
	}
	at := seen{path: dir, fd: fd}
	if err := j.locate(&at); err != nil {
		unix.Close(fd)
		return err
	}
	j.dir = at
	return nil
}

func (j *judge) locate(at *seen) error {
	e, err := stat(at.fd, "", at.path)
	if err != nil {
		return err
	}
	at.parent = parent{e.UID, e.GID, e.Mode&fs.ModeSetgid != 0}
	mount, err := mountOf(at.fd)
	if err != nil {
		return err
	}
	var ok bool
	if at.home, ok = j.mounts[mount]; !ok {
		at.home, err = j.newHome(mount, at.path)
	}
	return err
}

func (j *judge) leave() {
	if j.dir.path != "" {
		unix.Close(j.dir.fd)
	}
	j.dir = seen{}
}

// newHome finds the root of the mount that the directory dir is in.
func (j *judge) newHome(mount uint64, dir string) (int, error) {
	for end := 0; end < len(dir); {
		next := strings.IndexByte(dir[end+1:], '/')
		if next < 0 {
			end = len(dir)
		} else {
			end += 1 + next
		}
		fd, err := openBeneath(j.root, dir[:end], pathFlags)
		if err != nil {
			return 0, err
		}
		id, err := mountOf(fd)
		var e *tree.Entry
		if err == nil {
			e, err = stat(fd, "", dir)
		}
		unix.Close(fd)
		if err != nil {
			return 0, err
		}
		if id == mount {
			j.homes = append(j.homes, home{Path: name(dir[:end]), Ino: e.Ino})
			j.mounts[mount] = len(j.homes) - 1
			return len(j.homes) - 1, nil
		}
	}
	return 0, unix.EXDEV
}

// stamp notes the identity of the file that is judged, and whether its content is what the sandbox
// has. The content is summed up before it is compared with the base: what changes in
// between does not agree with the sum.
func (j *judge) stamp(n *node) error {
	if n.now == nil {
		return nil
	}
	s := stampOf(&n.now.Entry)
	n.stamp = &s
	if !n.now.Mode.IsRegular() {
		return nil
	}
	c := &n.change
	compare := c.Kind != delta.Deleted && c.Mode.IsRegular() && c.Size == s.Size
	sum := s.Size <= smallFile || touchedSince(s.Mtime, time.Now().UnixNano())
	if !compare && !sum {
		return nil
	}
	_, last := tree.Split(c.Path)
	fd, err := openRegular(j.dir.fd, last)
	if errors.Is(err, fs.ErrPermission) && !compare {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	n.plain = plain(fd)
	other := -1
	if compare {
		if other, err = j.source.open(c.Path); err != nil {
			return err
		}
		defer unix.Close(other)
	}
	n.only, s.Digest, err = j.read(fd, other, s.Size)
	return err
}

// same reports whether the target has already what the sandbox has, and notes
// where only permissions differ.
func (j *judge) same(n *node) bool {
	c := &n.change
	switch {
	case n.now.Mode.Type() != c.Mode.Type():
		n.only = false
		return false
	case c.Mode&fs.ModeSymlink != 0:
		dir, last, err := j.source.At(c.Path)
		if err != nil {
			return false
		}
		text, err := tree.ReadLink(dir, last, c.Size)
		return err == nil && text == n.now.Link
	case c.Mode.IsDir():
		n.only = true
	}
	return n.only && tree.Perm(c.Mode) == tree.Perm(n.now.Mode)
}

// emptied makes a directory that shall go away a conflict when it holds what
// stays.
func (j *judge) emptied(n *node) {
	path := n.change.Path
	names, err := namesIn(j.root, path, j.a)
	if err != nil {
		n.set(failed, "cannot be listed: "+err.Error())
		return
	}
	for _, child := range names {
		i, ok := j.index[tree.Join(path, child)]
		if !ok || j.nodes[i].fate != applied || j.nodes[i].change.Kind != delta.Deleted {
			n.set(conflict, notEmpty)
			return
		}
	}
}

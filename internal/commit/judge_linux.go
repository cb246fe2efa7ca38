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
	if c.Kind != delta.Deleted && j.same(n) {
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
	fd, err := openBeneath(j.root, dir, pathFlags)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	e, err := stat(fd, "", dir)
	if err != nil {
		return err
	}
	n.dir = parent{e.UID, e.GID, e.Mode&fs.ModeSetgid != 0}
	mount, err := mountOf(fd)
	if err != nil {
		return err
	}
	home, ok := j.mounts[mount]
	if !ok {
		if home, err = j.newHome(mount, dir); err != nil {
			return err
		}
	}
	n.home = home
	n.now, err = examine(j.root, fd, last, n.change.Path)
	return err
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

// stamp notes the identity of the file that is judged. Its content is summed
// up before the content is compared with anything: what changes in between
// does not agree with the sum.
func (j *judge) stamp(n *node) error {
	if n.now == nil {
		return nil
	}
	s := stampOf(&n.now.Entry)
	n.stamp = &s
	if !n.now.Mode.IsRegular() || s.Size > smallFile && !touchedSince(s.Mtime, time.Now().UnixNano()) {
		return nil
	}
	fd, err := n.now.Open()
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	s.Digest, err = j.digest(fd)
	return err
}

// same sets the fate of what the target has already, and notes where only
// permissions differ.
func (j *judge) same(n *node) bool {
	c := &n.change
	if n.now == nil || n.now.Mode.Type() != c.Mode.Type() {
		return false
	}
	switch {
	case c.Mode.IsDir():
		n.only = true
	case c.Mode&fs.ModeSymlink != 0:
		dir, last, err := j.source.At(c.Path)
		if err != nil {
			return false
		}
		text, err := tree.ReadLink(dir, last, c.Size)
		if err != nil || text != n.now.Link {
			return false
		}
		n.set(unchanged, "")
		return true
	case c.Size != n.now.Size:
		return false
	default:
		same, err := j.sameContent(n)
		if err != nil {
			n.set(failed, "cannot be read: "+err.Error())
			return true
		}
		n.only = same
	}
	if n.only && tree.Perm(c.Mode) == tree.Perm(n.now.Mode) {
		n.set(unchanged, "")
		return true
	}
	return false
}

func (j *judge) sameContent(n *node) (bool, error) {
	a, err := j.source.open(n.change.Path)
	if err != nil {
		return false, err
	}
	defer unix.Close(a)
	b, err := n.now.Open()
	if err != nil {
		return false, err
	}
	defer unix.Close(b)
	return j.equal(a, b)
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

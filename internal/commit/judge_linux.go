// SPDX-License-Identifier: MIT

package commit

import (
	"context"
	"errors"
	"io/fs"
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

// stamp notes the identity of the file that is judged, and whether its content
// is what the sandbox has. The content is summed up before it is compared with
// the base: what changes in between does not agree with the sum.
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

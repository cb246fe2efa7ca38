// SPDX-License-Identifier: MIT

package commit

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/batch"
	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// smallFile is up to which size a file's content is summed up, whatever its
// times say.
const smallFile = 1 << 20

// largestSummed is up to which size one is whose times say too little: a sparse file may have
// any size, and its holes are read, too.
const largestSummed = 256 << 20

// weigher compares what the target has with the change and with the base. It is for
// one goroutine at a time.
type weigher struct {
	*buffers
	root      int
	source    source
	base      Base
	contents  *Contents
	overwrite bool
	at        near
}

// queue weighs nodes that do not depend on each other, with other goroutines while the
// next ones are found, until ctx is over.
func (w *weigher) queue(ctx context.Context, upper string) *batch.Queue[*node] {
	some := func(w *weigher) batch.Work[*node] {
		return func(nodes []*node) {
			for _, n := range nodes {
				if ctx.Err() == nil {
					w.weigh(n)
				}
			}
		}
	}
	return batch.New(some(w), func() (batch.Work[*node], func(), error) {
		other, done, err := w.another(upper)
		return some(other), done, err
	})
}

// another makes a weigher for another goroutine.
func (w *weigher) another(upper string) (*weigher, func(), error) {
	f, ok := w.base.(forked)
	if !ok {
		return nil, nil, errors.ErrUnsupported
	}
	base, done, err := f.fork()
	if err != nil {
		return nil, nil, err
	}
	cursor, err := tree.OpenCursor(upper)
	if err != nil {
		done()
		return nil, nil, err
	}
	other := &weigher{buffers: &buffers{}, root: w.root, source: source{cursor}, base: base, contents: w.contents, overwrite: w.overwrite}
	return other, func() {
		other.at.leave()
		cursor.Close()
		done()
	}, nil
}

// weigh says what becomes of a change of what the target may have. The content is
// summed up before it is compared with anything: what changes in between does not agree
// with the sum.
func (w *weigher) weigh(n *node) {
	if err := w.expected(n); err != nil {
		n.unread(err)
		return
	}
	if err := w.stamp(n); err != nil {
		n.unread(err)
		return
	}
	c := &n.change
	reason := w.base.Differs(*c, n.now)
	if n.compares() && (reason != "" || !n.differs()) {
		if err := w.compare(n); err != nil {
			n.unread(err)
			return
		}
	}
	switch {
	case n.now != nil && c.Kind != delta.Deleted && w.same(n):
		n.set(unchanged, "")
	case reason != "" && !w.overwrite:
		n.set(conflict, reason)
	}
	n.forced = reason != ""
	if n.now != nil && n.now.Mode.IsRegular() && n.now.Nlink > 1 {
		n.only = false // its other names keep their permissions
	}
}

// expected fails when the sandbox's file does not hold what it is expected to. What is
// staged, or the target has already, is examined again.
func (w *weigher) expected(n *node) error {
	c := &n.change
	if c.Checksum == "" || c.Kind == delta.Deleted {
		return nil
	}
	switch c.Mode.Type() {
	case fs.ModeSymlink:
		dir, last, err := w.source.At(c.Path)
		if err != nil {
			return err
		}
		text, err := tree.ReadLink(dir, last, c.Size)
		if err == nil && !c.Holds([]byte(text)) {
			err = delta.ErrStale
		}
		return err
	case 0:
		fd, err := w.source.openSame(c)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		return w.holds(fd, c)
	}
	return nil
}

// stamp notes the identity of the file that is judged.
func (w *weigher) stamp(n *node) error {
	if n.now == nil {
		return nil
	}
	s := stampOf(&n.now.Entry)
	n.stamp = &s
	if !n.now.Mode.IsRegular() {
		return nil
	}
	if s.Size > smallFile && n.now.Nlink < 2 && !touchedSince(s.Mtime, time.Now().UnixNano()) || s.Size > largestSummed {
		return nil
	}
	if f := w.contents.of(n.change.Path); f != nil && f.old.is(n.now.Dev, s) {
		s.Digest, n.plain = f.old.stamp.Digest, f.old.plain
		return nil
	}
	fd, err := w.open(n.change.Path)
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	n.plain = plain(fd)
	s.Digest, err = w.sum(fd, s.Size)
	return err
}

// compare notes whether the target has the content that the sandbox has.
func (w *weigher) compare(n *node) error {
	fd, err := w.open(n.change.Path)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	other, err := w.source.openSame(&n.change)
	if err != nil {
		return err
	}
	defer unix.Close(other)
	n.only, err = w.equal(fd, other, n.now.Size)
	if n.only && err == nil {
		err = w.holds(fd, &n.change) // the sandbox may have written since
	}
	return err
}

// open opens a file of the target.
func (w *weigher) open(path string) (int, error) {
	dir, last, err := w.at.enter(w.root, path)
	if err != nil {
		return -1, err
	}
	return openRegular(dir, last)
}

// same reports whether the target has already what the sandbox has, and notes
// where only permissions differ.
func (w *weigher) same(n *node) bool {
	c := &n.change
	switch {
	case n.now.Mode.Type() != c.Mode.Type():
		n.only = false
		return false
	case c.Mode&fs.ModeSymlink != 0:
		dir, last, err := w.source.At(c.Path)
		if err != nil {
			return false
		}
		text, err := tree.ReadLink(dir, last, c.Size)
		return err == nil && text == n.now.Link && c.Holds([]byte(text))
	case c.Mode.IsDir():
		n.only = true
	}
	return n.only && tree.Perm(c.Mode) == tree.Perm(n.now.Mode)
}

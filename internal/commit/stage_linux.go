// SPDX-License-Identifier: MIT

package commit

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// attempts is how often a file that changes meanwhile is copied.
const attempts = 3

// fewNodes is for how many changes another worker is worth while.
const fewNodes = 32

// stager writes new content to slots.
type stager struct {
	copier
	source   source
	contents *Contents
	uid, gid uint32 // what a file gets that this process makes
}

func newStager(c calls, s source, contents *Contents) *stager {
	return &stager{
		copier: copier{calls: c, buf: &buffer{}}, source: s, contents: contents,
		uid: uint32(os.Geteuid()), gid: uint32(os.Getegid()),
	}
}

// stageAll stages all nodes that have content, in the directories of their
// homes, and tells the steps of it. A node whose content cannot be had fails;
// what cannot be written is an error.
func (t *txn) stageAll(ctx context.Context, upper string) error {
	made := make([]*Stamp, len(t.nodes))
	workers := min(tree.Workers(), len(t.nodes)/fewNodes+1)
	if t.fault != nil {
		workers = 1 // a test counts the calls
	}
	var next atomic.Int64
	failures := make([]error, workers)
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			failures[w] = t.stageSome(ctx, upper, func() int { return int(next.Add(1)) - 1 }, made)
			if failures[w] != nil {
				next.Store(int64(len(t.nodes))) // the others need not go on
			}
		})
	}
	group.Wait()
	if err := errors.Join(failures...); err != nil {
		return err
	}
	t.rec.Steps = stepsOf(t.nodes) // without what failed
	t.linked = linked(t.rec.Steps)
	for i := range t.rec.Steps {
		s := &t.rec.Steps[i]
		if stamp := made[s.Item]; stamp != nil && s.Verb != stepRmdir {
			s.New = stamp
			s.Mtime = stamp.Mtime
		}
	}
	return nil
}

// stageSome stages the nodes whose indices next gives.
func (t *txn) stageSome(ctx context.Context, upper string, next func() int, made []*Stamp) error {
	// A cursor of its own, which has not seen the directories that the sandbox may
	// have replaced since.
	cursor, err := tree.OpenCursor(upper)
	if err != nil {
		return err
	}
	defer cursor.Close()
	s := newStager(t.calls, source{cursor}, t.contents)
	for i := next(); i < len(t.nodes); i = next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := &t.nodes[i]
		if !n.stages() {
			continue
		}
		stamp, err := s.stage(t.dirs[n.home].fd, (&step{Item: i}).slot(), n)
		var unreadable readError
		if errors.As(err, &unreadable) {
			n.unread(unreadable)
			continue
		}
		if err != nil {
			return &fs.PathError{Op: "stage", Path: n.change.Path, Err: err}
		}
		made[i] = stamp
	}
	return nil
}

// stage makes the slot's file, all but the permissions of a directory, which
// stays open to its maker.
func (s *stager) stage(dir int, slot string, n *node) (*Stamp, error) {
	switch {
	case n.change.Mode.IsDir():
		return s.dir(dir, slot, n)
	case n.change.Mode&fs.ModeSymlink != 0:
		return s.link(dir, slot, n)
	}
	return s.file(dir, slot, n)
}

// now examines the sandbox's file, which has to be what the change says.
func (s *stager) now(n *node) (*tree.Entry, error) {
	e, err := s.source.find(n.change.Path)
	if err != nil {
		return nil, readError{err}
	}
	if e == nil || !matches(&n.change, e) {
		return nil, readError{delta.ErrStale}
	}
	return e, nil
}

func (s *stager) dir(dir int, slot string, n *node) (*Stamp, error) {
	e, err := s.now(n)
	if err != nil {
		return nil, err
	}
	if err := s.mkdir(dir, slot); err != nil {
		return nil, err
	}
	if err := s.own(dir, slot, n); err != nil {
		return nil, err
	}
	return s.finish(dir, slot, e.ModTime)
}

func (s *stager) link(dir int, slot string, n *node) (*Stamp, error) {
	e, err := s.now(n)
	if err != nil {
		return nil, err
	}
	from, last, err := s.source.At(n.change.Path)
	if err != nil {
		return nil, readError{err}
	}
	text, err := tree.ReadLink(from, last, e.Size)
	if err != nil {
		return nil, readError{err}
	}
	if int64(len(text)) != e.Size || !n.change.Holds([]byte(text)) {
		return nil, readError{delta.ErrStale}
	}
	if err := s.symlink(text, dir, slot); err != nil {
		return nil, err
	}
	if err := s.own(dir, slot, n); err != nil {
		return nil, err
	}
	return s.finish(dir, slot, e.ModTime)
}

func (s *stager) file(dir int, slot string, n *node) (*Stamp, error) {
	kept := s.contents.now(&n.change)
	in := -1
	if kept == nil {
		var err error
		if in, err = s.source.open(n.change.Path); err != nil {
			return nil, readError{err}
		}
		defer unix.Close(in)
	}
	perm := n.perm()
	attributes := n.now != nil && n.now.Mode.IsRegular() && !n.plain
	if attributes {
		perm = 0o600 // they can be set as long as it can be written
	}
	out, err := s.create(dir, slot, perm)
	if err != nil {
		return nil, err
	}
	defer unix.Close(out)
	mtime := int64(0)
	if kept == nil {
		mtime, err = s.content(in, out, n)
	} else {
		mtime, err = kept.stamp.Mtime, s.write(out, kept.data, 0)
	}
	if err != nil {
		return nil, err
	}
	if err := (&buffers{a: *s.buf}).holds(out, &n.change); err != nil {
		return nil, readError{err}
	}
	if err := s.own(dir, slot, n); err != nil {
		return nil, err
	}
	if attributes {
		s.attributes(n.now, out)
	}
	if err := s.futimens(out, mtime); err != nil {
		return nil, err
	}
	e, err := stat(out, "", "")
	if err != nil {
		return nil, err
	}
	if bits(e.Mode) != n.perm() {
		if err := s.fchmod(out, n.perm()); err != nil {
			return nil, err
		}
		if e, err = stat(out, "", ""); err != nil {
			return nil, err
		}
	}
	stamp := stampOf(e)
	if touchedSince(mtime, time.Now().UnixNano()) && stamp.Size <= largestSummed {
		// Whoever writes to it at its path may leave it with the same time.
		stamp.Digest, err = (&buffers{a: *s.buf}).sum(out, stamp.Size)
	}
	return &stamp, err
}

// content copies a file that may be written to meanwhile.
func (s *stager) content(in, out int, n *node) (mtime int64, err error) {
	for range attempts {
		var before, after unix.Stat_t
		if err := unix.Fstat(in, &before); err != nil {
			return 0, readError{err}
		}
		if e := tree.EntryOf("", &before); !matches(&n.change, &e) {
			return 0, readError{delta.ErrStale}
		}
		if err := s.copy(in, out, &before); err != nil {
			return 0, err
		}
		if err := unix.Fstat(in, &after); err != nil {
			return 0, readError{err}
		}
		if after.Size == before.Size && after.Mtim == before.Mtim && after.Ctim == before.Ctim {
			return after.Mtim.Nano(), nil
		}
		if err := s.do("truncate", func() error { return unix.Ftruncate(out, 0) }); err != nil {
			return 0, err
		}
	}
	return 0, readError{delta.ErrStale}
}

// finish gives a slot's file its time, and says what it is then.
func (s *stager) finish(dir int, slot string, mtime int64) (*Stamp, error) {
	if err := s.times(dir, slot, mtime, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return nil, err
	}
	e, err := stat(dir, slot, "")
	if err != nil {
		return nil, err
	}
	stamp := stampOf(e)
	return &stamp, nil
}

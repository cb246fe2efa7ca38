// SPDX-License-Identifier: MIT

package commit

import (
	"errors"
	"io/fs"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// errConflict says that a conflict turned up while steps were done.
var errConflict = errors.New("conflict")

// apply does the steps. Where it stops, with an error or at a conflict that
// keeps the rest from being applied, is the index of the last step that
// may have been done.
func (t *txn) apply() (int, error) {
	for from := 0; from < len(t.rec.Steps); {
		n := t.independent(from)
		var last atomic.Int64
		err := t.several(n, func(t *txn, i int) error {
			i += from
			for at := last.Load(); int64(i) > at && !last.CompareAndSwap(at, int64(i)); at = last.Load() {
			}
			return t.attempt(i)
		})
		if err != nil {
			return int(last.Load()), err
		}
		from += n
	}
	return len(t.rec.Steps), nil
}

// independent counts the steps from one on that can be done in any order: one, or
// several that are each about a file with its own name, and nothing else.
func (t *txn) independent(from int) int {
	n := 0
	for _, s := range t.rec.Steps[from:] {
		file := s.Verb == stepRemove || (s.Verb == stepSwap || s.Verb == stepMake) && !s.New.Mode.IsDir()
		if !file {
			break
		}
		n++
	}
	return max(n, 1)
}

// attempt does a step, if it is still to be done.
func (t *txn) attempt(i int) error {
	s := &t.rec.Steps[i]
	n := &t.nodes[s.Item]
	if n.fate != applied {
		return nil
	}
	if !t.recovering && !t.allowed(s) {
		n.set(denied, "may not be written")
		return nil
	}
	reason, err := t.do(s)
	if err != nil {
		return &fs.PathError{Op: string(s.Verb), Path: string(s.Path), Err: err}
	}
	if reason == "" {
		return nil
	}
	n.set(conflict, reason)
	if !t.rec.Partial {
		return errConflict
	}
	return nil
}

// allowed asks once for each item.
func (t *txn) allowed(s *step) bool {
	if !t.asked[s.Item] && !t.opts.allows(string(s.Path)) {
		return false
	}
	t.asked[s.Item] = true
	return true
}

// do does a step, or says in words what it conflicts with: then it has not been
// done. While recovering it may have been done before.
func (t *txn) do(s *step) (string, error) {
	// Anew for each step: the directory may have been moved, or another put in its place.
	dir, last, err := openParent(t.root, string(s.Path))
	if err != nil {
		if reason := blocked(err); reason != "" {
			return reason, nil
		}
		return "", err
	}
	defer unix.Close(dir)
	if t.recovering && t.wasKept(s) {
		return changed, nil
	}
	switch s.Verb {
	case stepRemove:
		return t.remove(s, dir, last)
	case stepRmdir:
		return t.removeDir(s, dir, last)
	case stepMake:
		return t.make(s, dir, last)
	case stepSwap:
		return t.swap(s, dir, last)
	case stepChmod:
		return t.permit(s, dir, last)
	case stepFinish:
		return "", t.finish(s, dir, last)
	}
	return "", errors.New("unknown step")
}

// inSlot examines the step's slot; nil when it is empty.
func (t *txn) inSlot(s *step) (*Stamp, error) {
	if t.dirs[s.Home].fd < 0 {
		return nil, unix.ENOENT
	}
	e, err := stat(t.dirs[s.Home].fd, s.slot(), "")
	if err == unix.ENOENT {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	stamp := stampOf(e)
	return &stamp, nil
}

func (t *txn) make(s *step, dir int, last string) (string, error) {
	if t.recovering {
		in, err := t.inSlot(s)
		if err != nil || in == nil {
			return "", err
		}
		if in.Ino != s.New.Ino { // somebody else's, that was being given back
			return changed, t.putBack(s, dir, last)
		}
	}
	err := t.move(t.dirs[s.Home].fd, s.slot(), dir, last)
	switch err {
	case nil:
		t.note(s, dir, last)
	case unix.EEXIST:
		return isThere, nil
	case unix.ENOENT: // what was staged is there, so that the directory is not
		if in, err := t.inSlot(s); in != nil && err == nil {
			return blocked(unix.ENOENT), nil
		}
	}
	return "", err
}

func (t *txn) swap(s *step, dir int, last string) (string, error) {
	slots := t.dirs[s.Home].fd
	if t.recovering {
		in, err := t.inSlot(s)
		if err != nil || in == nil { // nil: by a plain rename
			return "", err
		}
		if in.Ino != s.New.Ino {
			return t.swapped(s, dir, last)
		}
	}
	if reason, err := t.compare(dir, last, s.Old); reason != "" || err != nil {
		return reason, err
	}
	err := t.exchange(slots, s.slot(), dir, last)
	if err == unix.ENOENT {
		return isGone, nil
	}
	if unsupported(err) {
		return t.replace(s, dir, last)
	}
	if err != nil {
		return "", err
	}
	return t.swapped(s, dir, last)
}

// swapped examines what came out of an exchange, and takes that back when it
// is not what was judged.
func (t *txn) swapped(s *step, dir int, last string) (string, error) {
	slots := t.dirs[s.Home].fd
	reason, err := t.verify(slots, s.slot(), s.Old)
	if err != nil {
		return "", err
	}
	if reason == "" {
		t.note(s, dir, last)
		return "", nil
	}
	in, err := t.inSlot(s)
	if err != nil || in == nil {
		return reason, err
	}
	return reason, t.takeBack(s, in, dir, last)
}

// replace is swap for file systems that cannot exchange: see the package's doc.
func (t *txn) replace(s *step, dir int, last string) (string, error) {
	if s.New.Mode.IsDir() { // rename(2) cannot put it in the place of a file
		return "cannot be replaced by a directory on this file system", nil
	}
	slots := t.dirs[s.Home].fd
	err := t.link(dir, last, slots, s.kept())
	if err != nil && err != unix.EEXIST && err != unix.EPERM && !unsupported(err) {
		return "", err
	}
	reason, err := t.verify(dir, last, s.Old)
	if reason != "" || err != nil {
		return reason, err
	}
	if err := t.rename(slots, s.slot(), dir, last, 0); err != nil {
		return "", err
	}
	t.note(s, dir, last)
	return "", nil
}

func (t *txn) remove(s *step, dir int, last string) (string, error) {
	slots := t.dirs[s.Home].fd
	in, err := t.inSlot(s)
	if err != nil {
		return "", err
	}
	if in == nil {
		reason, err := t.compare(dir, last, s.Old)
		if reason == isGone || err != nil {
			return "", err // as it should be
		}
		if reason != "" {
			return reason, nil
		}
		if err := t.move(dir, last, slots, s.slot()); err != nil {
			if err == unix.ENOENT {
				return "", nil
			}
			return "", err
		}
	}
	reason, err := t.verify(slots, s.slot(), s.Old)
	if reason == "" || err != nil {
		return "", err
	}
	return reason, t.putBack(s, dir, last)
}

func (t *txn) removeDir(s *step, dir int, last string) (string, error) {
	e, err := stat(dir, last, "")
	if err == unix.ENOENT {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if e.Ino != s.Old.Ino || !e.Mode.IsDir() {
		if t.recovering && t.stagedHere(e.Ino, s.Item) {
			return "", nil // what comes in its place is there already
		}
		return changed, nil
	}
	switch err := t.rmdir(dir, last); err {
	case unix.ENOTEMPTY, unix.EEXIST:
		return notEmpty, nil
	case unix.ENOENT:
		return "", nil
	default:
		return "", err
	}
}

// stagedHere reports whether an inode is the one that was staged for an item.
func (t *txn) stagedHere(ino uint64, item int) bool {
	for i := range t.rec.Steps {
		if s := &t.rec.Steps[i]; s.Item == item && s.New != nil && s.New.Ino == ino {
			return true
		}
	}
	return false
}

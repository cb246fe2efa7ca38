// SPDX-License-Identifier: MIT

package commit

import (
	"bytes"
	"errors"
	"io/fs"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// undo takes back the steps up to the one with index last, which may not have
// been done. What somebody else has changed since stays, and is among what is left.
func (t *txn) undo(last int) error {
	var failures []error
	for i := min(last, len(t.rec.Steps)-1); i >= 0; i-- {
		s := &t.rec.Steps[i]
		reason, err := t.undoStep(s)
		if err != nil {
			failures = append(failures, &fs.PathError{Op: "undo " + string(s.Verb), Path: string(s.Path), Err: err})
			reason = err.Error()
		}
		if reason != "" {
			t.leave(s, reason)
		} else {
			t.noteRestored(s)
		}
	}
	slices.SortFunc(t.restored, func(a, b Item) int { return tree.Compare(a.Path, b.Path) })
	return errors.Join(failures...)
}

// noteRestored notes that a file is again as it was judged: the change time, by which a live
// sandbox would take it for changed, is the commit's own doing.
func (t *txn) noteRestored(s *step) {
	n := &t.nodes[s.Item]
	if t.recovering || n.forced || s.Old == nil || s.Old.Mode.IsDir() && s.Verb != stepChmod {
		return
	}
	dir, last, err := openParent(t.root, string(s.Path))
	if err != nil {
		return
	}
	defer unix.Close(dir)
	is, busy, err := t.look(dir, last)
	if err != nil || busy || !s.Old.moved(*is) || touchedSince(is.Mtime, time.Now().UnixNano()) {
		return
	}
	if is.Mode.IsRegular() && (is.Digest == nil || !bytes.Equal(is.Digest, s.Old.Digest)) {
		return
	}
	is.Digest = nil // what is known goes by the times
	t.restored = append(t.restored, Item{Path: n.change.Path, Kind: n.change.Kind, Now: is})
}

func (t *txn) undoStep(s *step) (string, error) {
	dir, last, err := openParent(t.root, string(s.Path))
	if err != nil {
		if blocked(err) == "" {
			return "", err
		}
		return "", t.keepForeign(s)
	}
	defer unix.Close(dir)
	if t.wasKept(s) {
		return "", nil
	}
	switch s.Verb {
	case stepRemove:
		return t.undoRemove(s, dir, last)
	case stepRmdir:
		return "", t.undoRmdir(s, dir, last)
	case stepMake:
		return t.undoMake(s, dir, last)
	case stepSwap:
		return t.undoSwap(s, dir, last)
	case stepChmod:
		return "", t.undoPermit(s, dir, last, s.Old.Ino, bits(s.Old.Mode))
	case stepFinish:
		return "", t.undoPermit(s, dir, last, s.New.Ino, 0o700)
	}
	return "", errors.New("unknown step")
}

func (t *txn) undoRemove(s *step, dir int, last string) (string, error) {
	in, err := t.inSlot(s)
	if in == nil || err != nil {
		return "", err
	}
	return "", t.putBack(s, dir, last)
}

func (t *txn) undoRmdir(s *step, dir int, last string) error {
	if t.nodes[s.Item].fate == conflict {
		return nil
	}
	err := t.mkdir(dir, last)
	if err != nil && err != unix.EEXIST {
		return err
	}
	made := err == nil
	fd, e, err := openAny(dir, last)
	if err == unix.ENOENT {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	// The number says nothing of a new one: a file system may give that of the old one again.
	if !made && !t.recovering && e.Ino == s.Old.Ino {
		return nil // never removed
	}
	if e.Mode != fs.ModeDir|0o700 {
		return nil // again somebody's
	}
	if e.UID != s.Old.UID || e.GID != s.Old.GID {
		if err := t.fchown(fd, int(s.Old.UID), int(s.Old.GID)); err != nil {
			return err
		}
	}
	return t.chmod(fd, bits(s.Old.Mode))
}

func (t *txn) undoMake(s *step, dir int, last string) (string, error) {
	slots := t.dirs[s.Home].fd
	in, err := t.inSlot(s)
	if err != nil {
		return "", err
	}
	if in == nil && s.New.Mode.IsDir() {
		return t.undoMakeDir(s, dir, last)
	}
	if in == nil {
		if err := t.move(dir, last, slots, s.slot()); err != nil {
			if err == unix.ENOENT {
				return "", nil
			}
			return "", err
		}
	}
	// What was in the slot before may have come there by an undoing that was cut short.
	same, err := t.untouched(slots, s.slot(), s.New)
	if same || err != nil {
		return "", err
	}
	return changed + " meanwhile, and stays", t.putBack(s, dir, last)
}

func (t *txn) undoMakeDir(s *step, dir int, last string) (string, error) {
	e, err := stat(dir, last, "")
	if err == unix.ENOENT {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if e.Ino != s.New.Ino {
		return changed + " meanwhile, and stays", nil
	}
	err = t.rmdir(dir, last)
	if err == unix.ENOTEMPTY || err == unix.EEXIST {
		return "somebody else's files are in it, so it stays", nil
	}
	return "", err
}

func (t *txn) undoSwap(s *step, dir int, last string) (string, error) {
	in, err := t.inSlot(s)
	if err != nil {
		return "", err
	}
	if in == nil {
		return t.undoReplace(s, dir, last)
	}
	return "", t.takeBack(s, in, dir, last)
}

// undoReplace takes back what was done without an exchange.
func (t *txn) undoReplace(s *step, dir int, last string) (string, error) {
	slots := t.dirs[s.Home].fd
	if _, err := stat(slots, s.kept(), ""); err == unix.ENOENT {
		return "cannot be brought back on this file system", nil
	} else if err != nil {
		return "", err
	}
	same, err := t.untouched(dir, last, s.New)
	if err == unix.ENOENT || err == nil && !same {
		return "", t.keep(s, s.kept())
	}
	if err != nil {
		return "", err
	}
	return "", t.rename(slots, s.kept(), dir, last, 0)
}

// undoPermit gives permissions back, unless somebody else has given others.
func (t *txn) undoPermit(s *step, dir int, last string, ino uint64, perm uint32) error {
	fd, e, err := openAny(dir, last)
	if err == unix.ENOENT {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if e.Ino != ino || bits(e.Mode) != s.Perm || s.Perm == perm {
		return nil
	}
	return t.chmod(fd, perm)
}

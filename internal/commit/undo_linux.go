// SPDX-License-Identifier: MIT

package commit

import (
	"errors"
	"io/fs"

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
		}
	}
	return errors.Join(failures...)
}

func (t *txn) leave(s *step, reason string) {
	t.left = append(t.left, Item{Path: string(s.Path), Kind: t.nodes[s.Item].change.Kind, Reason: reason})
}

// keep moves a file that somebody changed out of the staging directory, to
// stand beside it, when there is no other place for it any more.
func (t *txn) keep(s *step, slot string) error {
	beside := t.stagingName() + "-kept-" + slot
	err := t.rename(t.dirs[s.Home].fd, slot, t.dirs[s.Home].home, beside, 0)
	if err == nil {
		t.leave(s, "another file took its place; what was there is kept as "+tree.Join(string(t.rec.Homes[s.Home].Path), beside))
	}
	return err
}

func (t *txn) undoStep(s *step) (string, error) {
	dir, last, err := openParent(t.root, string(s.Path))
	if err != nil {
		if blocked(err) == "" {
			return "", err
		}
		in, err := t.inSlot(s)
		if err == nil && in != nil && (s.New == nil || in.Ino != s.New.Ino) {
			err = t.keep(s, s.slot())
		}
		return "", err
	}
	defer unix.Close(dir)
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
	err = t.move(t.dirs[s.Home].fd, s.slot(), dir, last)
	if err == unix.EEXIST {
		return "", t.keep(s, s.slot())
	}
	return "", err
}

func (t *txn) undoRmdir(s *step, dir int, last string) error {
	if t.nodes[s.Item].fate == conflict {
		return nil
	}
	if err := t.mkdir(dir, last); err != nil && err != unix.EEXIST {
		return err
	}
	fd, e, err := openAny(dir, last)
	if err == unix.ENOENT {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if e.Ino == s.Old.Ino || e.Mode != fs.ModeDir|0o700 {
		return nil // never removed, or again somebody's
	}
	if e.UID != s.Old.UID || e.GID != s.Old.GID {
		if err := t.fchown(fd, int(s.Old.UID), int(s.Old.GID)); err != nil {
			return err
		}
	}
	return t.chmod(fd, bits(s.Old.Mode))
}

func (t *txn) undoMake(s *step, dir int, last string) (string, error) {
	in, err := t.inSlot(s)
	if in != nil || err != nil {
		return "", err // it was not done
	}
	if s.New.Mode.IsDir() {
		return t.undoMakeDir(s, dir, last)
	}
	slots := t.dirs[s.Home].fd
	if err := t.move(dir, last, slots, s.slot()); err != nil {
		if err == unix.ENOENT {
			return "", nil
		}
		return "", err
	}
	in, err = t.inSlot(s)
	if err != nil || in != nil && in.moved(*s.New) {
		return "", err
	}
	if err := t.move(slots, s.slot(), dir, last); err == unix.EEXIST {
		return "", t.keep(s, s.slot())
	} else if err != nil {
		return "", err
	}
	return changed + " meanwhile, and stays", nil
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
	slots := t.dirs[s.Home].fd
	in, err := t.inSlot(s)
	if err != nil {
		return "", err
	}
	if in == nil {
		return t.undoReplace(s, dir, last)
	}
	if in.Ino == s.New.Ino || !in.moved(*s.Old) {
		return "", nil // not done, or taken back when it was
	}
	err = t.exchange(slots, s.slot(), dir, last)
	if err == unix.ENOENT {
		return "", t.move(slots, s.slot(), dir, last)
	}
	if err != nil {
		return "", err
	}
	if in, err = t.inSlot(s); err != nil {
		return "", err
	}
	if t.untouched(s, in) {
		return "", nil
	}
	if err := t.exchange(slots, s.slot(), dir, last); err != nil {
		return "", err
	}
	return "", t.keep(s, s.slot())
}

// untouched reports whether what came back into a slot is what was staged.
func (t *txn) untouched(s *step, in *Stamp) bool {
	if in == nil || in.Ino != s.New.Ino {
		return false
	}
	if !s.New.Mode.IsDir() {
		return in.moved(*s.New)
	}
	fd, err := resolve(t.dirs[s.Home].fd, s.slot(), listFlags)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	names, err := tree.Names(fd, "", t.a)
	return err == nil && len(names) == 0
}

// undoReplace takes back what was done without an exchange.
func (t *txn) undoReplace(s *step, dir int, last string) (string, error) {
	slots := t.dirs[s.Home].fd
	if _, err := stat(slots, s.kept(), ""); err == unix.ENOENT {
		return "cannot be brought back on this file system", nil
	} else if err != nil {
		return "", err
	}
	e, err := stat(dir, last, "")
	if err == unix.ENOENT || err == nil && !s.New.moved(stampOf(e)) {
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

// SPDX-License-Identifier: MIT

package commit

import (
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// flips is how often a file may be exchanged while the host writes to both sides.
// It is odd: then the one that came last to the path stays there.
const flips = 15

// takeBack exchanges back what was exchanged, where in is what the slot holds.
// When somebody has removed the new file by then, the old one comes back, too;
// when somebody has put another one in its place, that stays. A crash may
// have left any of this half done.
func (t *txn) takeBack(s *step, in *Stamp, dir int, last string) error {
	slots := t.dirs[s.Home].fd
	at, _, err := t.look(dir, last)
	switch {
	case err == unix.ENOENT && in.Ino == s.New.Ino:
		return t.keepForeign(s)
	case err == unix.ENOENT:
		return t.putBack(s, dir, last)
	case err != nil:
		return err
	}
	known := map[uint64]*Stamp{}
	if in.Ino == s.New.Ino { // never exchanged, or exchanged back
		known[at.Ino] = at
		return t.newest(s, known, dir, last)
	}
	if at.Ino != s.New.Ino && at.Ino != s.Old.Ino {
		return t.keep(s, s.slot())
	}
	if at.Ino == s.Old.Ino { // the slot has what took the place of the new one
		known[at.Ino] = at
	} else if in, _, err = t.look(slots, s.slot()); err != nil {
		return err
	} else {
		known[in.Ino] = in
	}
	if err = t.exchange(slots, s.slot(), dir, last); err == unix.ENOENT {
		return t.putBack(s, dir, last)
	}
	if err != nil {
		return err
	}
	return t.newest(s, known, dir, last)
}

// newest has the newest file stand at the path. What came from there into the slot
// may have been written to, since anybody could open it, or be
// another file. Then it is newer than the other side, and goes back once more;
// unless the other side, which stood at the path meanwhile, is no longer as it was
// known. What remains in the slot and is not what was staged is kept.
func (t *txn) newest(s *step, known map[uint64]*Stamp, dir int, last string) error {
	slots := t.dirs[s.Home].fd
	for flip := range flips {
		same, err := t.untouched(slots, s.slot(), s.New)
		if same || err != nil {
			return err
		}
		in, busy, err := t.look(slots, s.slot())
		if err != nil {
			return err
		}
		if was := known[in.Ino]; was != nil && was.moved(*in) && was.sameDigest(*in) && !busy {
			break
		}
		known[in.Ino] = in
		if flip > 0 {
			time.Sleep(time.Duration(flip) * 50 * time.Microsecond) // most writers are quick
		}
		err = t.exchange(slots, s.slot(), dir, last)
		if err == unix.ENOENT {
			return t.putBack(s, dir, last)
		}
		if err != nil {
			return err
		}
	}
	return t.keep(s, s.slot())
}

// look examines a file, and whether somebody has it open for writing.
func (t *txn) look(dir int, name string) (stamp *Stamp, busy bool, err error) {
	e, err := stat(dir, name, "")
	if err != nil {
		return nil, false, err
	}
	s := stampOf(e)
	if !s.Mode.IsRegular() {
		return &s, false, nil
	}
	fd, err := openRegular(dir, name)
	if err != nil {
		return &s, false, nil // its times have to do
	}
	defer unix.Close(fd)
	busy = writers(fd)
	if e, err = stat(fd, "", ""); err != nil {
		return nil, false, err
	}
	s = stampOf(e)
	if s.Size <= smallFile {
		s.Digest, err = t.sum(fd, s.Size)
	}
	return &s, busy, err
}

// untouched reports whether the file at name beneath dir, which is best a slot,
// is what was staged, and nobody has it open for writing.
func (t *txn) untouched(dir int, name string, put *Stamp) (bool, error) {
	if !put.Mode.IsDir() {
		reason, err := t.verify(dir, name, put)
		return reason == "" && err == nil, err
	}
	e, err := stat(dir, name, "")
	if err != nil || e.Ino != put.Ino {
		return false, err
	}
	fd, err := resolve(dir, name, listFlags)
	if err != nil {
		return false, err
	}
	defer unix.Close(fd)
	names, err := tree.Names(fd, "", t.a.of(bufferSize))
	return len(names) == 0 && err == nil, err
}

// putBack moves what is in the slot to the path, where nothing is. When there is
// something again, both stay.
func (t *txn) putBack(s *step, dir int, last string) error {
	err := t.move(t.dirs[s.Home].fd, s.slot(), dir, last)
	if err == unix.EEXIST {
		return t.keep(s, s.slot())
	}
	return err
}

// keep moves a file that is not the commit's own out of the staging directory, to
// stand beside that, when there is no other place for it any more.
func (t *txn) keep(s *step, slot string) error {
	err := t.rename(t.dirs[s.Home].fd, slot, t.dirs[s.Home].home, t.beside(slot), 0)
	if err == nil {
		t.leaveKept(s, slot)
	}
	return err
}

// keepForeign keeps what is in the slot if it is not what was staged there,
// untouched: it has no other place any more.
func (t *txn) keepForeign(s *step) error {
	in, err := t.inSlot(s)
	if err != nil || in == nil {
		return err
	}
	if s.New != nil && in.Ino == s.New.Ino {
		same, err := t.untouched(t.dirs[s.Home].fd, s.slot(), s.New)
		if same || err != nil {
			return err
		}
	}
	return t.keep(s, s.slot())
}

// beside is the name that a slot's file is kept under.
func (t *txn) beside(slot string) string { return t.stagingName() + "-kept-" + slot }

// wasKept reports whether the file of a step is kept beside the staging
// directory, which ends all that can be done for the step, also after a crash.
func (t *txn) wasKept(s *step) bool {
	for _, slot := range []string{s.slot(), s.kept()} {
		if _, err := stat(t.dirs[s.Home].home, t.beside(slot), ""); err == nil {
			t.leaveKept(s, slot)
			return true
		}
	}
	return false
}

func (t *txn) leaveKept(s *step, slot string) {
	at := tree.Join(string(t.rec.Homes[s.Home].Path), t.beside(slot))
	t.leave(s, "another file took its place; what was there is kept as "+at)
}

// leave notes once what could not be taken back.
func (t *txn) leave(s *step, reason string) {
	left := Item{Path: string(s.Path), Kind: t.nodes[s.Item].change.Kind, Reason: reason}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !slices.Contains(t.left, left) {
		t.left = append(t.left, left)
	}
}

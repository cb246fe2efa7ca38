// SPDX-License-Identifier: MIT

package commit

import "golang.org/x/sys/unix"

// unsupported reports that a file system does not know a flag of renameat2(2).
func unsupported(err error) bool {
	return err == unix.EINVAL || err == unix.ENOSYS || err == unix.EOPNOTSUPP
}

// move renames a file to where nothing is; EEXIST otherwise. Without
// RENAME_NOREPLACE it looks right before whether there is something.
func (c calls) move(from int, name string, to int, newName string) error {
	err := c.rename(from, name, to, newName, unix.RENAME_NOREPLACE)
	if !unsupported(err) {
		return err
	}
	if _, err := stat(to, newName, ""); err == nil {
		return unix.EEXIST
	} else if err != unix.ENOENT {
		return err
	}
	return c.rename(from, name, to, newName, 0)
}

// exchange exchanges two files.
func (c calls) exchange(from int, name string, to int, newName string) error {
	return c.rename(from, name, to, newName, unix.RENAME_EXCHANGE)
}

// verify says why the file at name beneath dir, which is a slot, is not the one
// that was judged; "" when it is. A regular file is leased for a moment: that
// fails while somebody has it open for writing. Where it succeeds nobody will
// write to it any more, since nobody can open it here.
func (t *txn) verify(dir int, name string, old *Stamp) (string, error) {
	if !old.Mode.IsRegular() {
		e, err := stat(dir, name, "")
		if err != nil {
			return "", err
		}
		return reasonIf(!old.moved(stampOf(e)), changed), nil
	}
	fd, err := openAsIs(dir, name)
	switch err {
	case nil:
		defer unix.Close(fd) // gives the lease back
		return t.verifyOpen(fd, old)
	case unix.ELOOP, unix.ENXIO:
		return changed, nil // it is none any more
	case unix.EACCES, unix.EPERM:
		e, err := stat(dir, name, "")
		if err != nil {
			return "", err
		}
		return reasonIf(!old.moved(stampOf(e)), changed), nil
	}
	return "", err
}

// writers reports whether somebody is known to have a file open for writing. The
// lease that tells is given back when fd is closed.
func writers(fd int) bool {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_RDLCK)
	return err == unix.EAGAIN
}

func (t *txn) verifyOpen(fd int, old *Stamp) (string, error) {
	if writers(fd) {
		return inUse, nil
	}
	e, err := stat(fd, "", "")
	if err != nil {
		return "", err
	}
	got := stampOf(e)
	if !old.moved(got) {
		return changed, nil
	}
	if old.Digest == nil {
		return "", nil
	}
	if got.Digest, err = t.sum(fd, old.Size); err != nil {
		return "", err
	}
	return reasonIf(!old.sameDigest(got), changed), nil
}

// compare says why the file at name beneath dir is not the one that was judged.
// It is a quick look before a step; verify looks after it.
func (t *txn) compare(dir int, name string, old *Stamp) (string, error) {
	e, err := stat(dir, name, "")
	if err == unix.ENOENT {
		return isGone, nil
	}
	if err != nil {
		return "", err
	}
	same := old.still(stampOf(e))
	// A step that was taken back has changed the change time, as has one with another
	// name of the file, whose content is examined afterwards if it was before.
	if t.recovering || t.linked[old.Ino] && old.Digest != nil {
		same = old.moved(stampOf(e))
	}
	return reasonIf(!same, changed), nil
}

// SPDX-License-Identifier: MIT

package commit

import (
	"io/fs"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// openAny opens whatever name beneath dir is, without touching it.
func openAny(dir int, name string) (int, *tree.Entry, error) {
	var fd int
	err := uninterrupted(func() (err error) {
		fd, err = unix.Openat(dir, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return -1, nil, err
	}
	e, err := stat(fd, "", "")
	if err != nil {
		unix.Close(fd)
		return -1, nil, err
	}
	return fd, e, nil
}

// permit gives permissions to a file or directory that stays.
func (t *txn) permit(s *step, dir int, last string) (string, error) {
	fd, e, err := openAny(dir, last)
	if err == unix.ENOENT {
		return isGone, nil
	}
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	now := stampOf(e)
	if e.Ino == s.Old.Ino && e.Mode.Type() == s.Old.Mode.Type() && bits(e.Mode) == s.Perm {
		t.note(s, dir, last)
		return "", nil
	}
	same := now.Ino == s.Old.Ino && now.Mode == s.Old.Mode
	if !now.Mode.IsDir() { // one changes with what it holds
		same = now.still(*s.Old) || t.recovering && now.moved(*s.Old)
	}
	if !same || now.Mode&fs.ModeSymlink != 0 {
		return changed, nil
	}
	if err := t.chmod(fd, s.Perm); err != nil {
		return "", err
	}
	t.note(s, dir, last)
	return "", nil
}

// finish gives a new directory its permissions and time.
func (t *txn) finish(s *step, dir int, last string) error {
	fd, e, err := openAny(dir, last)
	if err == unix.ENOENT {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if e.Ino != s.New.Ino || !e.Mode.IsDir() {
		return nil // somebody else's by now
	}
	if err := t.times(unix.AT_FDCWD, proc(fd), s.Mtime, 0); err != nil {
		return err
	}
	if err := t.chmod(fd, s.Perm); err != nil {
		return err
	}
	t.note(s, dir, last)
	return nil
}

// bits are all permission bits of a mode, as chmod(2) takes them.
func bits(mode fs.FileMode) uint32 {
	b := tree.Perm(mode)
	if mode&fs.ModeSetuid != 0 {
		b |= 0o4000
	}
	if mode&fs.ModeSetgid != 0 {
		b |= 0o2000
	}
	return b
}

// note remembers what a step left at its path. When that is not what it
// put there, somebody has changed it since: the stamp is then one that no
// file has.
func (t *txn) note(s *step, dir int, last string) {
	put := s.New
	if put == nil {
		put = s.Old
	}
	stamp := *put
	stamp.Ctime, stamp.Digest = 0, nil
	e, err := stat(dir, last, "")
	if err == nil {
		is := stampOf(e)
		same := is.Ino == put.Ino && is.Size == put.Size && is.Mtime == put.Mtime
		if same || e.Mode.IsDir() && is.Ino == put.Ino {
			stamp = is
		}
	}
	t.after[s.Item] = &stamp
}

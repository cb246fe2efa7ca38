// SPDX-License-Identifier: MIT

package delta

import (
	"io/fs"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// scratchName is what a file is called while it is made.
const scratchName = "new"

// Put says what has become of a path: an absolute one, without "." and ".."; the
// root, for which only a mode makes sense, included. Directories above it that
// are missing are made, with the attributes of those that the lower layers have
// there. What is in its place is replaced, by files and links at once; a
// directory that is put where one is only gets its attributes, and keeps what is
// in it. No symbolic link is followed. To put the same again changes nothing.
func (b *Base) Put(path string, s PutSpec) error {
	err := b.put(path, &s)
	b.release()
	if err != nil {
		return &fs.PathError{Op: "put", Path: path, Err: err}
	}
	return nil
}

func (b *Base) put(path string, s *PutSpec) error {
	if !clean(path) || path == "/" && (s.Gone || !s.Mode.IsDir()) {
		return unix.EINVAL
	}
	if err := tree.RemoveAt(b.scratch, scratchName); err != nil { // of one that failed
		return err
	}
	dir, name := tree.Split(path)
	at, err := b.enter(dir, s)
	if err != nil || at == nil {
		return err
	}
	defer b.leave(at)
	switch {
	case s.Gone:
		return b.gone(at, name)
	case s.Mode.IsDir():
		return b.putDir(at, name, s)
	case s.Mode&fs.ModeSymlink != 0:
		if err := unix.Symlinkat(s.Link, b.scratch, scratchName); err != nil {
			return err
		}
		if err := b.given(0, s.ModTime).setAt(b.scratch, scratchName, true); err != nil {
			return err
		}
	case s.Mode.IsRegular():
		if err := b.file(s); err != nil {
			return err
		}
	default:
		return unix.EINVAL
	}
	if s.Check != nil && !s.Check() {
		return tree.RemoveAt(b.scratch, scratchName)
	}
	return b.settle(at, name)
}

// clean reports whether a path is one that leads down from the root.
func clean(path string) bool {
	if path == "/" {
		return true
	}
	if !strings.HasPrefix(path, "/") {
		return false
	}
	for name := range strings.SplitSeq(path[1:], "/") {
		if name == "" || name == "." || name == ".." {
			return false
		}
	}
	return true
}

// gone removes what is there, and leaves a whiteout if the lower layers have
// the directory: one where nothing is merged would be seen.
func (b *Base) gone(at *spot, name string) error {
	if at.below == nil {
		return tree.RemoveAt(at.fd, name)
	}
	if err := b.whiteout(b.scratch, scratchName); err != nil {
		return err
	}
	return b.settle(at, name)
}

func (b *Base) putDir(at *spot, name string, s *PutSpec) error {
	var st unix.Stat_t
	err := unix.Fstatat(at.fd, name, &st, unix.AT_SYMLINK_NOFOLLOW)
	switch {
	case err == unix.ENOENT:
		if err = unix.Mkdirat(b.scratch, scratchName, 0o700); err == nil {
			err = b.given(s.Mode|0o700, s.ModTime).setAt(b.scratch, scratchName, false)
		}
		if err == nil {
			err = b.settleDir(at, name)
		}
	case err == nil && st.Mode&unix.S_IFMT != unix.S_IFDIR:
		var below *merged
		if below, err = lookup(at.below.stack(), tree.Join(at.path, name)); err == nil {
			err = b.insteadDir(at, name, below.dir(), b.given(s.Mode, s.ModTime))
		}
	}
	if err != nil {
		return err
	}
	if name == "." {
		at.opened = false // the mode that it had is not to come back
	}
	return b.given(s.Mode, s.ModTime).setAt(at.fd, name, false)
}

// file makes a regular file.
func (b *Base) file(s *PutSpec) error {
	a := b.given(s.Mode, s.ModTime)
	if s.File == nil {
		return create(b.scratch, scratchName, a, func(out int) error { return unix.Ftruncate(out, s.Size) })
	}
	in := int(s.File.Fd())
	var st unix.Stat_t
	if err := unix.Fstat(in, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return unix.EINVAL
	}
	if s.Share && a.are(&st) && unix.Linkat(unix.AT_FDCWD, self(in), b.scratch, scratchName, unix.AT_SYMLINK_FOLLOW) == nil {
		return nil
	}
	return create(b.scratch, scratchName, a, func(out int) error {
		if err := b.content.Data(in, out, &st, nil); err != nil {
			return err
		}
		return copyXattrs(in, out, b.xattrs)
	})
}

// are reports whether a file has the attributes already.
func (a *attributes) are(st *unix.Stat_t) bool {
	if a.owner.Set() && (int(st.Uid) != a.owner.UID || int(st.Gid) != a.owner.GID) {
		return false
	}
	return st.Mode&0o7777 == a.mode && st.Mtim == a.mtime
}

// settle moves what was made to its place.
func (b *Base) settle(at *spot, name string) error {
	err := unix.Renameat(b.scratch, scratchName, at.fd, name)
	if err == unix.EISDIR {
		return b.exchange(at, name)
	}
	return err
}

// exchange does that where one of the two is a directory, which rename(2)
// refuses.
func (b *Base) exchange(at *spot, name string) error {
	fd, err := openAt(at.fd, name, unix.O_PATH)
	if err != nil {
		return err
	}
	old := &spot{fd: fd}
	defer old.close()
	if err := b.admit(old); err != nil { // a directory that moves is written to
		return err
	}
	err = unix.Renameat2(b.scratch, scratchName, at.fd, name, unix.RENAME_EXCHANGE)
	if err == unix.EINVAL || err == unix.ENOSYS { // the file system cannot
		if err := tree.RemoveAt(at.fd, name); err != nil {
			return err
		}
		return unix.Renameat(b.scratch, scratchName, at.fd, name)
	}
	if err != nil {
		return err
	}
	return tree.RemoveAt(b.scratch, scratchName)
}

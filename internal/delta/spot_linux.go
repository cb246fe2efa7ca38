// SPDX-License-Identifier: MIT

package delta

import (
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// spot is a directory of an open base.
type spot struct {
	path   string
	fd     int         // O_PATH
	below  *merged     // the directory of the lower layers that it is merged with, or nil
	was    unix.Stat_t // before it was opened up
	opened bool        // so that its mode has to be given back
}

func (s *spot) close() { unix.Close(s.fd) }

// enter opens a directory of the base, and makes it and those above it where
// they are missing. It is nil if nothing can be gone from there, as nothing is.
func (b *Base) enter(path string, s *PutSpec) (*spot, error) {
	root, err := lookup(b.lower, "/")
	if err != nil {
		return nil, err
	}
	fd, err := b.base.open("/", unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return nil, err
	}
	at := &spot{path: "/", fd: fd, below: root.dir()}
	for rest := path[1:]; ; {
		if err := b.admit(at); err != nil {
			at.close()
			return nil, err
		}
		if rest == "" {
			return at, nil
		}
		name, after, _ := strings.Cut(rest, "/")
		next, err := b.step(at, name, s)
		b.leave(at)
		if err != nil || next == nil {
			return nil, err
		}
		at, rest = next, after
	}
}

// admit makes a directory accessible, until release.
func (b *Base) admit(at *spot) error {
	err := unix.Fstat(at.fd, &at.was)
	if err == nil {
		at.opened, err = permit(at.fd, &at.was)
	}
	return err
}

// leave closes a directory, at once or when it gets its mode back.
func (b *Base) leave(at *spot) {
	if !at.opened {
		at.close()
		return
	}
	b.opened = append(b.opened, *at)
}

// release gives the directories that were left their modes back.
func (b *Base) release() {
	for i := len(b.opened) - 1; i >= 0; i-- {
		withdraw(b.opened[i].fd, &b.opened[i].was)
		b.opened[i].close()
	}
	b.opened = nil
}

// step opens a directory in another.
func (b *Base) step(at *spot, name string, s *PutSpec) (*spot, error) {
	next := &spot{path: tree.Join(at.path, name)}
	below, err := lookup(at.below.stack(), next.path)
	if err != nil {
		return nil, err
	}
	next.below = below.dir()
	next.fd, err = openAt(at.fd, name, unix.O_PATH|unix.O_DIRECTORY)
	switch err {
	case nil:
		if opaque(next.fd) {
			next.below = nil
		}
		return next, nil
	case unix.ENOENT:
		if s.Gone && next.below == nil {
			return nil, nil
		}
		err = b.makeDir(at, name, next.below, s)
	case unix.ENOTDIR, unix.ELOOP:
		if s.Gone {
			return nil, nil
		}
		err = b.insteadDir(at, name, next.below, b.given(s.parent(), time.Now().UnixNano()))
		next.below = nil
	}
	if err != nil {
		return nil, err
	}
	next.fd, err = openAt(at.fd, name, unix.O_PATH|unix.O_DIRECTORY)
	return next, err
}

// makeDir makes a directory where the base has nothing.
func (b *Base) makeDir(at *spot, name string, below *merged, s *PutSpec) error {
	if err := unix.Mkdirat(b.scratch, scratchName, 0o700); err != nil {
		return err
	}
	if err := b.imitate(below, b.scratch, scratchName, s.parent()); err != nil {
		return err
	}
	return b.settleDir(at, name)
}

// settleDir moves a directory that was made to its place, where nothing is.
func (b *Base) settleDir(at *spot, name string) error {
	err := unix.Renameat(b.scratch, scratchName, at.fd, name)
	if err != unix.EACCES {
		return err
	}
	// Whoever moves a directory writes to it: it gets its mode after that.
	var st unix.Stat_t
	if err := unix.Fstatat(b.scratch, scratchName, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return err
	}
	if err := unix.Fchmodat(b.scratch, scratchName, st.Mode&0o7777|0o700, 0); err != nil {
		return err
	}
	if err := unix.Renameat(b.scratch, scratchName, at.fd, name); err != nil {
		return err
	}
	return unix.Fchmodat(at.fd, name, st.Mode&0o7777, 0)
}

// insteadDir puts a directory in the place of something else, which hid what
// the lower layers have there: that does not come back.
func (b *Base) insteadDir(at *spot, name string, below *merged, a *attributes) error {
	if err := unix.Mkdirat(b.scratch, scratchName, 0o700); err != nil {
		return err
	}
	if below != nil {
		fd, err := openAt(b.scratch, scratchName, unix.O_PATH|unix.O_DIRECTORY)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		if err := setOpaque(fd); err != nil {
			return err
		}
	}
	open := *a
	open.mode |= 0o700 // whoever moves a directory writes to it
	if err := open.setAt(b.scratch, scratchName, false); err != nil {
		return err
	}
	if err := b.exchange(at, name); err != nil {
		return err
	}
	return a.setAt(at.fd, name, false)
}

// SPDX-License-Identifier: MIT

package delta

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// attributes are what a file has besides what it holds.
type attributes struct {
	mode  uint32     // as chmod(2) takes it
	owner tree.Owner // unset: the caller
	mtime unix.Timespec
}

// attributes are those of a copy of a file.
func (c *copier) attributes(st *unix.Stat_t) *attributes {
	a := &attributes{mode: st.Mode & 0o7777, owner: c.owner, mtime: st.Mtim}
	if !a.owner.Set() && os.Geteuid() == 0 {
		a.owner = tree.Owner{UID: int(st.Uid), GID: int(st.Gid)}
	}
	return a
}

// set is for an open file. The mode comes after the owner, whose change takes
// bits off it.
func (a *attributes) set(fd int) error {
	if a.owner.Set() {
		if err := unix.Fchown(fd, a.owner.UID, a.owner.GID); err != nil {
			return err
		}
	}
	if err := unix.Fchmod(fd, a.mode); err != nil {
		return err
	}
	return unix.UtimesNanoAt(unix.AT_FDCWD, self(fd), a.times(), 0)
}

// setAt is for a name in a directory that nobody else changes. It may be that
// of a symbolic link, which has no mode.
func (a *attributes) setAt(dirfd int, name string, link bool) error {
	if a.owner.Set() {
		if err := unix.Fchownat(dirfd, name, a.owner.UID, a.owner.GID, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return err
		}
	}
	if err := unix.UtimesNanoAt(dirfd, name, a.times(), unix.AT_SYMLINK_NOFOLLOW); err != nil || link {
		return err
	}
	// Last, since it may close a directory to its maker, and "." with it.
	return unix.Fchmodat(dirfd, name, a.mode, 0)
}

func (a *attributes) times() []unix.Timespec { return []unix.Timespec{a.mtime, a.mtime} }

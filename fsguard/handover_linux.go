// SPDX-License-Identifier: MIT

package fsguard

import (
	"time"

	"golang.org/x/sys/unix"
)

// install opens a file, puts it into the process and answers.
//
// Nobody else may have a program open for writing when the process gets to
// know of it: else the process could write and close it, and then fail to
// execute it (ETXTBSY). A FIFO would have a writer longer than the process has
// it open, and no end for its readers. So no child is forked meanwhile, which would
// hold the file until its exec, and it is closed before the answer. That costs less
// than to hand the file over with the answer (SECCOMP_ADDFD_FLAG_SEND), which wakes
// this thread once more.
func (c *call) install(path string, flags int, mode uint32) error {
	lengthy := c.lengthy(path, flags)
	c.a.moves.RLock()
	if !lengthy {
		c.w.forks.take()
		defer c.w.forks.release()
	}
	// A FIFO without a reader would hold the guard: that one the process waits for itself.
	fd, err := c.a.openBeneath(path, flags|unix.O_NONBLOCK, mode)
	c.a.moves.RUnlock()
	if err != nil {
		return err
	}
	if flags&unix.O_NONBLOCK == 0 {
		// F_SETFL takes the access mode and the creation flags for granted.
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFL, flags&^unix.O_NONBLOCK); err != nil {
			unix.Close(fd)
			return err
		}
	}
	began := time.Now()
	n, err := inject(c.a.listener, c.n.ID, fd, flags&unix.O_CLOEXEC != 0)
	ended := time.Now()
	unix.Close(fd)
	if err != nil {
		return err
	}
	send(c.a.listener, &response{ID: c.n.ID, Val: int64(n)})
	c.a.guard.cores.note(began, ended)
	if flags&unix.O_ACCMODE != unix.O_RDONLY || flags&unix.O_TRUNC != 0 {
		c.a.copied.add(path)
	}
	return nil
}

// executable reports whether anybody may execute a file.
func executable(fd int) bool {
	var st unix.Stat_t
	return unix.Fstat(fd, &st) != nil || st.Mode&0o111 != 0
}

// lengthy reports whether opening a file may copy much: one that is truncated,
// or new, is not copied, and none is twice.
func (c *call) lengthy(path string, flags int) bool {
	if flags&unix.O_ACCMODE == unix.O_RDONLY || flags&unix.O_TRUNC != 0 || creates(flags) && flags&unix.O_EXCL != 0 ||
		flags&unix.O_TMPFILE == unix.O_TMPFILE || c.a.copied.has(path) {
		return false
	}
	fd, err := c.a.openBeneath(path, unix.O_PATH|unix.O_NOFOLLOW, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	return unix.Fstat(fd, &st) == nil && st.Size >= large
}

// SPDX-License-Identifier: MIT

package fsguard

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// install opens a file, puts it into the process and answers.
//
// Nobody else may have a program open for writing when the process gets to
// know of it: else the process could write and close it, and then fail to
// execute it (ETXTBSY). A FIFO would have a writer longer than the process has
// it open, and no end for its readers. So it is closed before the answer. That costs
// less than to hand the file over with the answer (SECCOMP_ADDFD_FLAG_SEND), which
// wakes this thread once more.
//
// A child that is forked meanwhile has the file, too, until its exec. Those forked
// before the lock is had have come to that, since os/exec forks as vfork(2) does, and
// no others are forked until the file is closed. Opening it, which may take long
// (it may have to be copied up), keeps nobody from forking.
func (c *call) install(path string, flags int, mode uint32) error {
	c.a.moves.RLock()
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
	syscall.ForkLock.RLock()
	n, err := inject(c.a.listener, c.n.ID, fd, flags&unix.O_CLOEXEC != 0)
	unix.Close(fd)
	syscall.ForkLock.RUnlock()
	if err != nil {
		return err
	}
	send(c.a.listener, &response{ID: c.n.ID, Val: int64(n)})
	return nil
}

// executable reports whether anybody may execute a file.
func executable(fd int) bool {
	var st unix.Stat_t
	return unix.Fstat(fd, &st) != nil || st.Mode&0o111 != 0
}

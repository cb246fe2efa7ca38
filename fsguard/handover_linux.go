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
// it open, and no end for its readers. No child is forked meanwhile, which would
// hold the file until its exec, and a file that can be executed, or a FIFO, is
// closed before the answer, which costs the process another round trip. Any other
// is handed over with the answer. Whoever makes such a file a program waits until
// it is closed: see settle.
func (c *call) install(path string, flags int, mode uint32) error {
	if !c.lengthy(path, flags) {
		syscall.ForkLock.RLock()
		defer syscall.ForkLock.RUnlock()
	}
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
	cloexec := flags&unix.O_CLOEXEC != 0
	c.a.handing.RLock()
	defer c.a.handing.RUnlock()
	if !early(fd) {
		err := injectAndAnswer(c.a.listener, c.n.ID, fd, cloexec)
		unix.Close(fd)
		return err
	}
	n, err := inject(c.a.listener, c.n.ID, fd, cloexec)
	unix.Close(fd)
	if err != nil {
		return err
	}
	send(c.a.listener, &response{ID: c.n.ID, Val: int64(n)})
	return nil
}

// early reports whether a file is to be closed before the answer: one that anybody
// may execute, or a FIFO.
func early(fd int) bool {
	var st unix.Stat_t
	return unix.Fstat(fd, &st) != nil || st.Mode&0o111 != 0 || st.Mode&unix.S_IFMT == unix.S_IFIFO
}

// executable reports whether anybody may execute a file.
func executable(fd int) bool {
	var st unix.Stat_t
	return unix.Fstat(fd, &st) != nil || st.Mode&0o111 != 0
}

// settle waits, before a file gets a mode that lets it be executed, until the
// guard has closed all that it is handing over.
func (a *Attachment) settle(mode uint32) {
	if mode&0o111 != 0 {
		a.handing.Lock()
		defer a.handing.Unlock()
	}
}

// large is the size from which a file may take long to be copied up. Forks, and
// with them the other sandboxes, do not wait for that.
const large = 1 << 20

// lengthy reports whether opening a file may copy much: one that is truncated,
// or new, is not copied.
func (c *call) lengthy(path string, flags int) bool {
	if flags&unix.O_ACCMODE == unix.O_RDONLY || flags&unix.O_TRUNC != 0 || creates(flags) && flags&unix.O_EXCL != 0 ||
		flags&unix.O_TMPFILE == unix.O_TMPFILE {
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

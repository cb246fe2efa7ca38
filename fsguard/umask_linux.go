// SPDX-License-Identifier: MIT

package fsguard

import (
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// initialUmask is that of the init, which every process begins with.
const initialUmask = 0o022

// umasks is what is known of the umasks in a sandbox. To find out a process's
// costs as much as creating a file, and is done only since some process has
// changed its own.
type umasks struct {
	mu      sync.Mutex
	changed bool
	// The last to change its own was thread pid, to mask. That tells the umask
	// of this thread alone: others may or may not share it.
	pid, mask int
	// task is the thread's pidfd, by which it is told from a later one of the
	// same number. -1: nothing is known of any thread.
	task int
}

// reset says that all processes that start from now on begin with the init's.
func (u *umasks) reset() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.changed = false
	u.forget()
}

func (u *umasks) forget() {
	if u.task >= 0 {
		unix.Close(u.task)
	}
	u.task = -1
}

// note takes note of a thread that sets its umask, unless it is gone by now.
func (u *umasks) note(pid, mask int, valid func() bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.changed = true
	if u.task >= 0 && u.pid == pid && u.alive() {
		u.mask = mask
		return
	}
	u.forget()
	task, err := unix.PidfdOpen(pid, 0) // of a first thread only
	if err != nil {
		return
	}
	if u.pid, u.mask, u.task = pid, mask, task; !valid() {
		u.forget()
	}
}

// of returns the umask of a thread, if it is known.
func (u *umasks) of(pid int) (mask int, known bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.changed {
		return initialUmask, true
	}
	return u.mask, u.task >= 0 && u.pid == pid && u.alive()
}

// alive reports whether the thread has not ended.
func (u *umasks) alive() bool {
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(u.task), Events: unix.POLLIN}}, 0)
	return n == 0 && err == nil
}

// opUmask passes: the process has its new umask when it makes its next call.
func opUmask(c *call) verdict {
	c.a.umasks.note(c.pid, c.arg(0)&0o777, c.valid)
	return pass
}

// umask takes on the process's umask, for what is about to be created.
func (c *call) umask() {
	mask, known := c.a.umasks.of(c.pid)
	if !known {
		mask = c.readUmask()
	}
	c.w.setUmask(mask)
}

func (c *call) readUmask() int {
	mask, err := strconv.ParseUint(c.status("Umask"), 8, 12)
	if err != nil {
		return 0o077
	}
	return int(mask)
}

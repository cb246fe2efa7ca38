// SPDX-License-Identifier: MIT

package fsguard

import (
	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/thread"
)

// maxTaken is how many files of a sandbox's processes the guard has at a time.
const maxTaken = 16

// beginTaking reports whether another file may be taken, until endTaking.
func (a *Attachment) beginTaking() bool {
	if a.taken.Add(1) > maxTaken {
		a.endTaking()
		return false
	}
	return true
}

func (a *Attachment) endTaking() { a.taken.Add(-1) }

// closeTaken closes a file that was taken. The process may have closed it, or be
// gone: the guard is then the last to do so, and waits for what such a close waits
// for, which the process chose. It could be a peer that is never to read what was
// sent (SO_LINGER of socket(7)), or such a socket in a message that nobody has
// received. So no worker does that, and a signal ends it.
func (a *Attachment) closeTaken(fd int) {
	go func() {
		defer a.endTaking()
		thread.Interrupting(slow, func() { unix.Close(fd) })
	}()
}

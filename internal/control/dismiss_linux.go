// SPDX-License-Identifier: MIT

package control

import (
	"time"

	"github.com/sandbox-rls/sandbox/internal/thread"
)

const (
	// parting is how long a close is waited for that should wait for nothing.
	parting = time.Second
	// nudge is after how long it is interrupted.
	nudge = 20 * time.Millisecond
)

// DismissFiles closes files that an init has sent. Whoever has a file last waits, when
// closing it, for what the init has chosen: a peer that is never to read what was sent
// to it (SO_LINGER of socket(7)), say. A signal ends that, once for each, and the rest is
// left to a goroutine. An init which has sent something once is to be listened to no more.
func DismissFiles(files []int) {
	if len(files) > 0 {
		apart(func() { CloseFiles(files) })
	}
}

// Interrupt ends a Receive and a Send that wait, and those to come.
func (c *Conn) Interrupt() { _ = c.file.SetDeadline(time.Unix(1, 0)) }

// Dismiss closes the socket, as DismissFiles does files: with it goes what nobody has
// received. Nobody may be receiving.
func (c *Conn) Dismiss() { apart(func() { _ = c.Close() }) }

// apart does something, and waits for it no longer than it should take.
func apart(do func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		thread.Interrupting(nudge, do)
	}()
	t := time.NewTimer(parting)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
	}
}

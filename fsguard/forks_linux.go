// SPDX-License-Identifier: MIT

package fsguard

import (
	"sync/atomic"
	"syscall"
)

// forkHold keeps this process from forking children, which would have every file open
// until their exec, too. The watchdog releases one that lasts: what is done meanwhile may
// wait for the sandbox, and no other sandbox, nor whoever forks, waits for that. A child
// then has the file for a moment.
type forkHold struct{ held atomic.Bool }

func (h *forkHold) take() {
	syscall.ForkLock.RLock()
	h.held.Store(true)
}

func (h *forkHold) release() {
	if h.held.Swap(false) {
		syscall.ForkLock.RUnlock()
	}
}

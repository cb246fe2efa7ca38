// SPDX-License-Identifier: MIT

package thread

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// Discard runs do on a thread that ends when it returns, with whatever was done to it:
// the namespaces it has entered, the user it has become.
//
// It is never the first thread of the process. That one cannot end before the process
// does, Go only puts it away, and it is the one that /proc/self tells of: /proc/self/mountinfo
// would be that of a container for ever after.
func Discard(do func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			Discard(do) // on another one, since this is taken
			runtime.UnlockOSThread()
			return
		}
		do() // and the lock stays
	}()
	<-done
}

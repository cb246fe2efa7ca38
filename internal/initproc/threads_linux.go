// SPDX-License-Identifier: MIT

package initproc

import (
	"runtime"
	"sync"
)

// spareThreads is how many threads the init has ready beside those that it
// begins with: one waits for the owner, one for children, one reads /proc.
const spareThreads = 4

// reserveThreads makes the threads that the init may come to need, before the
// first command can take all that a limit of processes leaves (pids.max counts
// threads): Go ends a program that cannot make one. It keeps them when they are idle.
func reserveThreads() {
	var ready, done sync.WaitGroup
	leave := make(chan struct{})
	for range spareThreads {
		ready.Add(1)
		done.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			ready.Done()
			<-leave // its thread sleeps, and the others need their own
		})
	}
	ready.Wait()
	close(leave)
	done.Wait()
}

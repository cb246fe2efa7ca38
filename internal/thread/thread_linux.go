// SPDX-License-Identifier: MIT

package thread

import (
	"runtime"
	"sync"
	"time"

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

// Interrupting runs do, and sends its thread a signal again and again, which ends what
// waits interruptibly: each time that it has been at it for so long. A close is what it
// is for, since whoever is the last to have a file waits for what somebody else chose:
// for a peer, that never reads, of a socket that lingers (SO_LINGER of socket(7)).
//
// The signal is the one that Go's runtime uses itself, whose handler does no harm.
func Interrupting(every time.Duration, do func()) {
	var mu sync.Mutex
	tid := 0 // while the thread is at it
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		set := func(to int) {
			mu.Lock()
			defer mu.Unlock()
			tid = to
		}
		set(unix.Gettid())
		defer set(0)
		do()
	}()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			mu.Lock()
			if tid != 0 {
				_ = Interrupt(tid)
			}
			mu.Unlock()
		}
	}
}

// Interrupt sends that signal to a thread of this process.
func Interrupt(tid int) error { return unix.Tgkill(unix.Getpid(), tid, unix.SIGURG) }

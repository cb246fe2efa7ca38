// SPDX-License-Identifier: MIT

package fsguard

import (
	"sync"
	"time"

	"github.com/sandbox-rls/sandbox/internal/thread"
)

const (
	// slow is how long an operation may hold a sandbox's seat. Copying up a large
	// file takes longer; the sandbox's other processes must not wait for it.
	slow = 5 * time.Millisecond
	// patience is after how many looks at the same operation a worker keeps nobody from
	// forking any more. A worker that only has to wait for a CPU is back before.
	patience = 10
	// stuck is after how many a worker that looks at a process is sent a signal, again and
	// again.
	//
	// Whoever is the last to have a file of a process, or its memory with what is mapped
	// there, closes it. A worker may be that, though it has it but for a moment: when
	// it looks at the process's descriptors, and the process closes them or ends
	// meanwhile. The process chooses what such a close waits for: SO_LINGER of socket(7)
	// may be for a peer that never reads. A signal ends that wait.
	//
	// No other operation may be interrupted: an overlay that copies a file up begins
	// again from the start.
	stuck = 20
)

// watchdog gives the seat of a worker that is held up to another one. It runs
// only while workers handle notifications.
type watchdog struct {
	guard   *Guard
	mu      sync.Mutex
	workers map[*worker]sight
	running bool
	wg      sync.WaitGroup
}

// sight is what was seen of a worker.
type sight struct {
	state uint64
	looks int // at the same operation
}

// interrupt is another one in tests.
var interrupt = thread.Interrupt

// begin notes that the worker handles a notification of a sandbox, or, of none, that it
// does something for the owner.
func (w *worker) begin(a *Attachment) {
	w.serving = a
	w.seat.Store(a)
	w.state.Add(1)
	w.guard.watch.wake()
}

// end reports whether the worker still has the seat that it began with.
func (w *worker) end() bool {
	w.state.Add(1)
	if w.seat.Swap(nil) != nil {
		return true
	}
	w.serving.held.Add(-1)
	return false
}

func (d *watchdog) add(w *worker) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.workers == nil {
		d.workers = make(map[*worker]sight)
	}
	d.workers[w] = sight{}
}

func (d *watchdog) remove(w *worker) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.workers, w)
}

func (d *watchdog) wait() { d.wg.Wait() }

// wake starts the watchdog if it sleeps.
func (d *watchdog) wake() {
	if d.guard.watching.Load() {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.running {
		return
	}
	d.running = true
	d.guard.watching.Store(true)
	d.wg.Add(1)
	go d.run()
}

// run looks round until nothing has happened between two looks.
func (d *watchdog) run() {
	defer d.wg.Done()
	tick := time.NewTicker(slow)
	defer tick.Stop()
	for quiet := 0; quiet < 10; {
		<-tick.C
		if d.look() {
			quiet = 0
		} else {
			quiet++
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.running = false
	d.guard.watching.Store(false)
}

// look releases the seats of those that are where they were at the last look,
// and reports whether anyone has moved or is at work.
func (d *watchdog) look() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	active := false
	for w, last := range d.workers {
		now := sight{state: w.state.Load()}
		atWork := now.state%2 == 1
		if now.state != last.state || atWork {
			active = true
		}
		if now.state == last.state && atWork {
			now.looks = last.looks + 1
			w.release()
			if now.looks >= patience {
				w.forks.release()
			}
			if now.looks%stuck == 0 && w.looking.Load() {
				_ = interrupt(w.tid)
			}
		}
		d.workers[w] = now
	}
	return active
}

// release gives the seat that a worker has to another one, if the sandbox does not
// hold too many already.
func (w *worker) release() {
	a := w.seat.Load()
	if a == nil {
		return
	}
	if a.held.Add(1) > maxHeld || !w.seat.CompareAndSwap(a, nil) {
		a.held.Add(-1)
		return
	}
	a.rearm()
}

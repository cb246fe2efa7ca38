// SPDX-License-Identifier: MIT

package fsguard

import (
	"sync"
	"time"
)

// slow is how long an operation may hold a sandbox's seat. Copying up a large
// file takes longer; the sandbox's other processes must not wait for it.
const slow = 5 * time.Millisecond

// watchdog gives the seat of a worker that is held up to another one. It runs
// only while workers handle notifications.
type watchdog struct {
	guard   *Guard
	mu      sync.Mutex
	workers map[*worker]uint64 // their state when last looked at
	running bool
	wg      sync.WaitGroup
}

// begin notes that the worker handles a notification of a sandbox.
func (w *worker) begin(a *Attachment) {
	w.seat.Store(a)
	w.state.Add(1)
	w.guard.watch.wake()
}

// end reports whether the worker still has the seat that it began with.
func (w *worker) end() bool {
	w.state.Add(1)
	return w.seat.Swap(nil) != nil
}

func (d *watchdog) add(w *worker) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.workers == nil {
		d.workers = make(map[*worker]uint64)
	}
	d.workers[w] = 0
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
		state := w.state.Load()
		if state != last || state%2 == 1 {
			active = true
		}
		d.workers[w] = state
		if state != last || state%2 == 0 {
			continue
		}
		a := w.seat.Load()
		if a != nil && w.seat.CompareAndSwap(a, nil) {
			a.rearm()
		}
	}
	return active
}

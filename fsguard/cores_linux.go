// SPDX-License-Identifier: MIT

package fsguard

import (
	"runtime"
	"sync"
	"time"

	"github.com/sandbox-rls/sandbox/internal/haltpoll"
)

const (
	// long is a hand-over for which a core had to be had back from the host. Others
	// take 5 to 20 µs.
	long = 25 * time.Microsecond
	// near is how soon after another one a hand-over has to come to be one of many.
	near = time.Millisecond
	// enough is how many long ones there are before anything is done about them.
	enough = 64
	// longest is for how many milliseconds a core is polled on at most: twice as many as
	// the last time, if that is just over, or else a single one.
	longest = 4
	// Of so many hand-overs not more than half are to be long while something is done,
	// or else it is no remedy, and nothing is done for a while.
	judged = 1024
	rest   = time.Second
)

// handOvers has an idle core polled on while files are handed over, one soon after
// another, and that takes long. See package haltpoll.
//
// What is measured is how long the kernel takes to put a file into a process: to wake
// the thread, which takes it, and to wake the worker, each of which may be on a core
// that was halted. While a core is not, the kernel is quick, and mostly keeps both on one core
// for some time after: a core is polled on for a small part of the time.
type handOvers struct {
	poller interface {
		Poll(millis uint8)
		Close()
	}

	mu      sync.Mutex
	last    time.Time // when a file was handed over
	acting  bool      // there were enough long ones
	until   time.Time // a core is polled on until then
	resumes time.Time // when it was no remedy: nothing is done until then
	millis  uint8     // for how many a core was polled on, the last time
	counted int       // hand-overs, one soon after another
	slow    int       // those of them that were long
}

// newHandOvers returns one that does nothing where that is not for this process: on a single
// core nobody is woken on another, and a program that has less than the machine's
// cores for itself, by a quota for instance, has better uses for them.
func newHandOvers(wanted bool) handOvers {
	if cores := runtime.NumCPU(); !wanted || cores == 1 || runtime.GOMAXPROCS(0) < cores {
		return handOvers{}
	}
	return handOvers{poller: new(haltpoll.Poller)}
}

// note takes a hand-over's beginning and end.
func (h *handOvers) note(began, ended time.Time) {
	if h.poller == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	alone := began.Sub(h.last) > near
	h.last = ended
	if alone || ended.Before(h.resumes) {
		return
	}
	h.counted++
	slow := ended.Sub(began) >= long
	if slow {
		h.slow++
	}
	h.judge(ended)
	if !slow || !h.acting || ended.Before(h.until) || ended.Before(h.resumes) {
		return
	}
	if ended.Sub(h.until) < near {
		h.millis = min(2*h.millis, longest)
	} else {
		h.millis = 1
	}
	h.until = ended.Add(time.Duration(h.millis) * time.Millisecond)
	h.poller.Poll(h.millis)
}

// judge decides whether anything is done, by the hand-overs that were counted.
func (h *handOvers) judge(now time.Time) {
	switch {
	case !h.acting && h.slow >= enough:
		h.acting = true
	case h.counted < judged:
		return
	case h.acting && 2*h.slow > h.counted:
		h.resumes = now.Add(rest)
	}
	h.counted, h.slow = 0, 0
}

// close ends what polls.
func (h *handOvers) close() {
	if h.poller != nil {
		h.poller.Close()
	}
}

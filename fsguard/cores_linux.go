// SPDX-License-Identifier: MIT

package fsguard

import (
	"runtime"
	"sync"
	"time"

	"github.com/sandbox-rls/sandbox/internal/haltpoll"
)

const (
	// longHandOver is one for which a core had to be had back from the host. Others
	// take 5 to 20 µs.
	longHandOver = 25 * time.Microsecond
	// streakGap is how soon after another one a hand-over has to come to be one of many.
	streakGap = time.Millisecond
	// streakLength is how many long ones there are before anything is done about them, and
	// streakEnd after what time without any that begins anew.
	streakLength = 64
	streakEnd    = time.Second
	// longestPoll is for how many milliseconds a core is polled on at most: twice as many as
	// the last time, if that is just over, or else a single one.
	longestPoll = 4
	// A core is polled on for one part in pollShare of the time, once pollCredit has been used up.
	pollShare  = 4
	pollCredit = 20 * time.Millisecond
	// After vainPolls in a row, in which more than half of the hand-overs were long all the
	// same, nothing is done for as long as pollRest.
	vainPolls = 16
	pollRest  = time.Second
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
	last    time.Time     // when a file was handed over
	streak  int           // long ones since the last pause, up to streakLength
	until   time.Time     // a core is polled on until then
	millis  uint8         // for how many that was
	during  int           // hand-overs in that time
	inVain  int           // those of them that were long
	useless int           // how many times in a row that was most of them
	resumes time.Time     // nothing is done before
	credit  time.Duration // for how long a core may be polled on,
	credits time.Time     // as of then
}

// sharedHandOvers is what the guards of a process have in common: it is the process that uses up
// its processor time.
var sharedHandOvers struct {
	mu     sync.Mutex
	guards int
	cores  *handOvers
}

// joinHandOvers returns what the guards share, until leave; nil on a single core, where
// nobody is woken on another one, and where the program is to use fewer than there are.
func joinHandOvers() *handOvers {
	if cores := runtime.NumCPU(); cores == 1 || runtime.GOMAXPROCS(0) < cores {
		return nil
	}
	sharedHandOvers.mu.Lock()
	defer sharedHandOvers.mu.Unlock()
	if sharedHandOvers.guards++; sharedHandOvers.guards == 1 {
		sharedHandOvers.cores = &handOvers{poller: new(haltpoll.Poller)}
	}
	return sharedHandOvers.cores
}

// leave ends what polls, with the last guard.
func (h *handOvers) leave() {
	if h == nil {
		return
	}
	sharedHandOvers.mu.Lock()
	sharedHandOvers.guards--
	last := sharedHandOvers.guards == 0
	if last {
		sharedHandOvers.cores = nil
	}
	sharedHandOvers.mu.Unlock()
	if last {
		h.poller.Close()
	}
}

// note takes a hand-over's beginning and end.
func (h *handOvers) note(began, ended time.Time) {
	if h == nil {
		return
	}
	if millis := h.decide(began, ended); millis > 0 {
		h.poller.Poll(millis)
	}
}

// decide says for how long a core is to be polled on after a hand-over.
func (h *handOvers) decide(began, ended time.Time) (millis uint8) {
	h.mu.Lock()
	defer h.mu.Unlock()
	apart := began.Sub(h.last)
	h.last = ended
	if apart > streakEnd {
		h.streak, h.useless = 0, 0
	}
	if apart > streakGap || ended.Before(h.resumes) {
		return 0
	}
	tookLong := ended.Sub(began) >= longHandOver
	if ended.Before(h.until) {
		h.during++
		if tookLong {
			h.inVain++
		}
		return 0
	}
	if !tookLong {
		return 0
	}
	if h.streak < streakLength {
		h.streak++
		return 0
	}
	if h.judge(); h.useless >= vainPolls {
		h.useless, h.resumes = 0, ended.Add(pollRest)
		return 0
	}
	return h.next(ended)
}

// judge looks at whether it was of use that a core was polled on.
func (h *handOvers) judge() {
	switch {
	case h.during == 0: // nobody knows
	case 2*h.inVain > h.during:
		h.useless++
	default:
		h.useless = 0
	}
	h.during, h.inVain = 0, 0
}

// next polls on a core from now on, if there is credit for it.
func (h *handOvers) next(now time.Time) uint8 {
	millis := uint8(1)
	if now.Sub(h.until) < streakGap {
		millis = min(2*h.millis, longestPoll)
	}
	d := time.Duration(millis) * time.Millisecond
	h.credit, h.credits = min(h.credit+now.Sub(h.credits)/pollShare, pollCredit), now
	if h.credit < d {
		return 0
	}
	h.credit -= d
	h.millis, h.until = millis, now.Add(d)
	return millis
}

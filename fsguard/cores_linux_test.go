// SPDX-License-Identifier: MIT

package fsguard

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// polled is what a handOvers has polled.
type polled struct {
	millis []uint8
	closed bool
}

func (p *polled) Poll(millis uint8) { p.millis = append(p.millis, millis) }
func (p *polled) Close()            { p.closed = true }

func TestHandOvers(t *testing.T) {
	const (
		short = 24 * time.Microsecond
		long  = 25 * time.Microsecond
		apart = 55 * time.Microsecond // with long, 80
		far   = streakGap + time.Microsecond
	)
	type step struct {
		many        int
		after, take time.Duration
	}
	first := step{1, time.Hour, long} // alone
	acting := step{1 + streakLength, apart, long}
	var mostly []step // long as soon as nothing is polled on, and short else
	for range 10_000 {
		mostly = append(mostly, step{1, apart, long}, step{8, apart, short})
	}
	for _, test := range []struct {
		name  string
		steps []step
		want  []uint8
		most  time.Duration // that is polled on in a second, instead of want
	}{
		{name: "short ones", steps: []step{first, {5000, apart, short}}},
		{name: "far ones", steps: []step{first, {5000, far, long}}},
		{name: "near ones", steps: []step{first, {1 + streakLength, streakGap, long}}, want: []uint8{1}},
		{name: "not enough", steps: []step{first, {streakLength, apart, long}}},
		{name: "enough", steps: []step{first, acting}, want: []uint8{1}},
		{name: "enough among others", steps: []step{first, {streakLength, apart, long}, {5000, apart, short}, {1, apart, long}}, want: []uint8{1}},
		{name: "enough by and by", steps: []step{first, {streakLength, apart, long}, {1, streakEnd, long}, {1, apart, long}}, want: []uint8{1}},
		{name: "a pause", steps: []step{first, {streakLength, apart, long}, {1, streakEnd + 1, long}, {1, apart, long}}},
		{name: "a pause while acting", steps: []step{first, acting, {1, streakEnd + 1, long}, {streakLength, apart, long}}, want: []uint8{1}},
		{name: "polled on already", steps: []step{first, acting, {12, apart, long}}, want: []uint8{1}},
		{name: "longer each time", steps: []step{first, acting, {13, apart, long}, {26, apart, long}, {51, apart, long}}, want: []uint8{1, 2, 4, 4}},
		{name: "short ones do nothing", steps: []step{first, acting, {100, apart, short}}, want: []uint8{1}},
		{name: "a remedy for some time", steps: []step{first, acting, {500, apart, short}, {1, apart, long}, {500, apart, short}, {1, apart, long}}, want: []uint8{1, 1, 1}},
		{name: "a quarter of the time", steps: append([]step{first, acting}, mostly...), most: time.Second/pollShare + pollCredit},
		{name: "no remedy", steps: []step{first, acting, {50_000, apart, long}}, most: time.Second / 9},
	} {
		t.Run(test.name, func(t *testing.T) {
			var p polled
			h := &handOvers{poller: &p}
			now := time.Unix(0, 0)
			began := now
			var seconds []time.Duration
			for _, s := range test.steps {
				for range s.many {
					began = now.Add(s.after)
					now = began.Add(s.take)
					had := len(p.millis)
					h.note(began, now)
					second := int(now.Unix())
					for len(seconds) <= second {
						seconds = append(seconds, 0)
					}
					for _, m := range p.millis[had:] {
						seconds[second] += time.Duration(m) * time.Millisecond
					}
				}
			}
			if test.most == 0 {
				if diff := cmp.Diff(test.want, p.millis); diff != "" {
					t.Error(diff)
				}
				return
			}
			if most := slices.Max(seconds); most > test.most || most == 0 {
				t.Errorf("%v are polled on in one second, want at most %v", most, test.most)
			}
		})
	}
}

// TestGuardsShare has one poller for all guards of the process, which ends with the last.
func TestGuardsShare(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(runtime.NumCPU()))
	own := Identity{UID: -1, GID: -1}
	var guards []*Guard
	for _, opts := range [][]GuardOption{nil, nil, {WithoutHaltPolling()}} {
		g, err := NewGuard(own, opts...)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		guards = append(guards, g)
	}
	if guards[2].cores != nil {
		t.Error("a guard polls that was told not to")
	}
	if guards[0].cores != guards[1].cores || (guards[0].cores == nil) != (runtime.NumCPU() == 1) {
		t.Fatalf("two guards have %p and %p", guards[0].cores, guards[1].cores)
	}
	if guards[0].cores == nil {
		return // there is one core
	}
	var p polled
	guards[0].cores.poller = &p
	for i, g := range guards[:2] {
		if g.Close(); p.closed != (i == 1) {
			t.Errorf("after %d of 2 guards it is closed: %v", i+1, p.closed)
		}
	}
	g, err := NewGuard(own)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if g.cores.poller == &p {
		t.Error("a new guard has the old poller")
	}
	runtime.GOMAXPROCS(1)
	fewer, err := NewGuard(own)
	if err != nil {
		t.Fatal(err)
	}
	defer fewer.Close()
	if fewer.cores != nil {
		t.Error("a program polls that is to use fewer cores")
	}
}

// SPDX-License-Identifier: MIT

package fsguard

import (
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
		short = 10 * time.Microsecond
		slow  = 60 * time.Microsecond
		apart = 20 * time.Microsecond
		far   = 2 * time.Millisecond
	)
	type step struct {
		many        int
		after, take time.Duration
	}
	acting := step{1 + enough, apart, slow} // the first one of all is alone
	for _, test := range []struct {
		name  string
		steps []step
		want  []uint8
	}{
		{"short ones", []step{{5000, apart, short}}, nil},
		{"far ones", []step{{5000, far, slow}}, nil},
		{"not enough", []step{{enough, apart, slow}}, nil},
		{"enough", []step{acting}, []uint8{1}},
		{"enough among many", []step{{judged - enough, apart, short}, {enough, apart, slow}}, []uint8{1}},
		{"not enough among many", []step{{judged - enough + 2, apart, short}, {enough, apart, slow}}, nil},
		{"a core is polled on already", []step{acting, {8, apart, slow}}, []uint8{1}},
		{"longer each time", []step{acting, {200, apart, slow}}, []uint8{1, 2, 4, 4, 4, 4}},
		{"short ones do nothing", []step{acting, {100, apart, short}}, []uint8{1}},
		{"a remedy for some time", []step{acting, {500, apart, short}, {1, apart, slow}, {500, apart, short}, {1, apart, slow}}, []uint8{1, 1, 1}},
		{"a pause", []step{acting, {1, time.Minute, slow}, {1, apart, slow}}, []uint8{1, 1}},
		{"no remedy", []step{acting, {judged, apart, slow}, {1000, apart, slow}}, slices.Concat([]uint8{1, 2}, slices.Repeat([]uint8{4}, 20))},
		{"a rest and then again", []step{acting, {judged, apart, slow}, {1, rest, slow}, {1, apart, slow}}, slices.Concat([]uint8{1, 2}, slices.Repeat([]uint8{4}, 20), []uint8{1})},
		{"half of them", []step{acting, {judged / 2, apart, slow}, {judged / 2, apart, short}, {1, apart, slow}}, slices.Concat([]uint8{1, 2}, slices.Repeat([]uint8{4}, 10), []uint8{1})},
	} {
		t.Run(test.name, func(t *testing.T) {
			var p polled
			h := handOvers{poller: &p}
			now := time.Unix(0, 0)
			for _, s := range test.steps {
				for range s.many {
					began := now.Add(s.after)
					now = began.Add(s.take)
					h.note(began, now)
				}
			}
			if diff := cmp.Diff(test.want, p.millis); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestNoHandOvers has nothing done by one that is not wanted, or not for this process.
func TestNoHandOvers(t *testing.T) {
	h := newHandOvers(false)
	now := time.Unix(0, 0)
	for range 1000 {
		h.note(now, now.Add(time.Millisecond))
		now = now.Add(time.Millisecond)
	}
	h.close()
	if h.poller != nil {
		t.Error("it has a poller")
	}
}

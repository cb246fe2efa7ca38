// SPDX-License-Identifier: MIT

package engine

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// TestTurns lets some come in a certain order.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all turns
		var in [2]atomic.Int32
		enter := func(ctx context.Context, r role) (leave func()) {
			done := make(chan struct{})
			go func() {
				out, err := all.enter(ctx, r)
				if err != nil {
					if !errors.Is(err, context.Canceled) {
						t.Error(err)
					}
					return
				}
				in[r].Add(1)
				<-done
				in[r].Add(-1)
				out()
			}()
			synctest.Wait()
			return func() { close(done); synctest.Wait() }
		}
		want := func(what string, looking, writing int32) {
			t.Helper()
			if l, w := in[looks].Load(), in[writes].Load(); l != looking || w != writing {
				t.Errorf("%s: %d look and %d write", what, l, w)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		first, second := enter(ctx, looks), enter(ctx, looks)
		want("two may look", 2, 0)
		enter(ctx, writes)
		third := enter(t.Context(), looks)
		want("who comes after one that waits, waits", 2, 0)
		cancel()
		synctest.Wait()
		want("one has given up", 3, 0)
		one, other := enter(t.Context(), writes), enter(t.Context(), looks)
		two := enter(t.Context(), writes)
		first()
		second()
		want("one still looks", 1, 0)
		third()
		want("all who waited to write", 0, 2)
		one()
		want("one still writes", 0, 1)
		two()
		want("the one who came after them", 1, 0)
		other()
		want("nobody", 0, 0)
		if all.in != 0 || len(all.waiting) > 0 {
			t.Errorf("got %+v", &all)
		}
	})
}

// TestTurnsTogether takes turns, and gives some up, as fast as it can.
func TestTurnsTogether(t *testing.T) {
	var all turns
	var in [2]atomic.Int32
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			r := role(i % 2)
			for n := range 2000 {
				ctx, cancel := context.WithCancel(t.Context())
				if n%3 == 0 {
					go cancel()
				}
				done, err := all.enter(ctx, r)
				if err == nil {
					in[r].Add(1)
					if others := in[1-r].Load(); others != 0 {
						t.Errorf("%d of the other role are in", others)
					}
					in[r].Add(-1)
					done()
				}
				cancel()
			}
		})
	}
	group.Wait()
	if all.in != 0 || len(all.waiting) > 0 {
		t.Errorf("got %+v", &all)
	}
}

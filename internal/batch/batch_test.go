// SPDX-License-Identifier: MIT

package batch_test

import (
	"errors"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/sandbox-rls/sandbox/internal/batch"
)

// TestQueue has each thing done once, however many there are and whoever can do it, and
// lets no goroutine go on.
func TestQueue(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, n := range []int{0, 1, 31, 32, 33, 10_000} {
		for _, alone := range []bool{false, true} {
			times := make([]atomic.Int32, n)
			var begun, ended atomic.Int32
			work := func(some []int) {
				for _, i := range some {
					times[i].Add(1)
				}
			}
			q := batch.New(work, func() (batch.Work[int], func(), error) {
				if alone {
					return nil, nil, errors.New("too many open files")
				}
				begun.Add(1)
				return work, func() { ended.Add(1) }, nil
			})
			for i := range n {
				q.Add(i)
			}
			q.Finish()
			for i := range times {
				if got := times[i].Load(); got != 1 {
					t.Errorf("%d of %d: %d times", i, n, got)
				}
			}
			if b, e := begun.Load(), ended.Load(); b != e || (b > 0) != (n >= 32 && !alone) {
				t.Errorf("%d things: %d goroutines begun, %d ended", n, b, e)
			}
		}
	}
}

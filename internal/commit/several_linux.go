// SPDX-License-Identifier: MIT

package commit

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// several calls f for the numbers from 0 to n-1, in any order, from a few goroutines, each
// with a transaction that has buffers of its own. After an error no more are begun.
func (t *txn) several(n int, f func(t *txn, i int) error) error {
	workers := min(tree.Workers(), n/fewNodes+1)
	if t.fault != nil {
		workers = 1 // a test counts the calls
	}
	var next atomic.Int64
	failures := make([]error, workers)
	var group sync.WaitGroup
	for w := range workers {
		own := *t
		if w > 0 {
			own.buffers = &buffers{}
		}
		work := func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if failures[w] = f(&own, i); failures[w] != nil {
					next.Store(int64(n))
				}
			}
		}
		if w == workers-1 {
			work() // the last of them needs no goroutine
		} else {
			group.Go(work)
		}
	}
	group.Wait()
	return errors.Join(failures...)
}

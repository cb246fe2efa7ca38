// SPDX-License-Identifier: MIT

package thread_test

import (
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/thread"
)

// TestDiscard has so many at once that Go would use the first thread as well.
func TestDiscard(t *testing.T) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	first := 0
	seen := map[int]bool{}
	for range 50 {
		wg.Go(func() {
			for range 20 {
				thread.Discard(func() {
					mu.Lock()
					defer mu.Unlock()
					id := unix.Gettid()
					seen[id] = true
					if id == unix.Getpid() {
						first++
					}
				})
			}
		})
	}
	wg.Wait()
	if first > 0 || len(seen) < 100 {
		t.Errorf("%d ran on the first thread, all on %d", first, len(seen))
	}
}

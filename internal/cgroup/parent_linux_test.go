// SPDX-License-Identifier: MIT

package cgroup

import (
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// TestCollectorsAreQuicker makes directories where another manager looks for those that
// nobody has, and takes some before they are locked.
func TestCollectorsAreQuicker(t *testing.T) {
	place := t.TempDir()
	var stop atomic.Bool
	var collectors sync.WaitGroup
	for range 2 {
		collectors.Go(func() {
			for !stop.Load() {
				collect(place)
			}
		})
	}
	for range 300 {
		name, err := newName()
		if err != nil {
			t.Fatal(err)
		}
		d, err := makeLocked(filepath.Join(place, name))
		if err != nil && !quicker(err) {
			t.Errorf("got %v, which is not tried again", err)
			break
		}
		if err != nil {
			continue
		}
		if _, err := os.Stat(d.path); err != nil {
			t.Error(err)
		}
		if err := d.remove(); err != nil {
			t.Error(err)
		}
	}
	stop.Store(true)
	collectors.Wait()
}

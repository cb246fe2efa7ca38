// SPDX-License-Identifier: MIT

package engine

import (
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// bin removes directories in the background: what is thrown in is out of the
// way at once, however much it holds.
type bin struct {
	dir string
	mu  sync.Mutex
	n   int
	wg  sync.WaitGroup
	one sync.Mutex // one removal at a time
}

func openBin(dir string) (*bin, error) {
	if err := tree.Remove(dir); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	return &bin{dir: dir}, os.MkdirAll(dir, 0o700)
}

// throw takes a directory, which must be on the bin's file system.
func (b *bin) throw(dir string) error {
	b.mu.Lock()
	b.n++
	name := filepath.Join(b.dir, strconv.Itoa(b.n))
	b.mu.Unlock()
	if err := os.Rename(dir, name); err != nil {
		return err
	}
	b.wg.Add(1)
	go func() {
		defer b.wg.Done()
		b.one.Lock()
		defer b.one.Unlock()
		_ = tree.Remove(name)
	}()
	return nil
}

// close waits until all that was thrown in is removed.
func (b *bin) close() { b.wg.Wait() }

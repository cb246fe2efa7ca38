// SPDX-License-Identifier: MIT

package fsguard

import (
	"hash/maphash"
	"sync"
)

// recent holds paths that were met lately, as many as it has places for. It may have
// forgotten any of them.
type recent struct {
	mu    sync.Mutex
	paths [64]string
}

var recentSeed = maphash.MakeSeed()

func (r *recent) place(path string) *string {
	return &r.paths[maphash.String(recentSeed, path)%uint64(len(r.paths))]
}

func (r *recent) add(path string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*r.place(path) = path
}

func (r *recent) has(path string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return path != "" && *r.place(path) == path
}

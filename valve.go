// SPDX-License-Identifier: MIT

package sandbox

import "sync"

// valve passes on what a session prints while a command runs, and keeps the
// beginning of what is printed while none does.
type valve struct {
	mu   sync.Mutex
	to   func([]byte)
	kept capture
}

func (v *valve) sink(b []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.to != nil {
		v.to(b)
		return
	}
	v.kept.keep(b)
}

// open begins to pass on, with what was kept. It says whether some was not.
func (v *valve) open(to func([]byte)) (truncated bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.kept.data) > 0 {
		to(v.kept.data)
	}
	truncated = v.kept.truncated
	v.kept = capture{limit: v.kept.limit}
	v.to = to
	return truncated
}

func (v *valve) shut() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.to = nil
}

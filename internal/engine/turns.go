// SPDX-License-Identifier: MIT

package engine

import (
	"context"
	"slices"
	"sync"
)

// role is what somebody does with a workspace.
type role int

// Many may have one role at a time, and nobody the other one.
const (
	looks  role = iota // at what was changed
	writes             // a file, which has another name until it is whole
)

// turns lets those who have one role in, however many, while nobody of the other is.
// Who has to wait comes before all that come later, so that neither role keeps the
// other one out. The zero value is ready for use.
type turns struct {
	mu      sync.Mutex
	role    role // of those who are in
	in      int
	waiting []*turn // the first is of the other role, if somebody is in
}

type turn struct {
	role  role
	begun chan struct{} // closed when it is in
}

// enter waits for the turn of a role, which lasts until done. The error is the context's.
func (t *turns) enter(ctx context.Context, r role) (done func(), err error) {
	t.mu.Lock()
	mine := &turn{role: r, begun: make(chan struct{})}
	t.waiting = append(t.waiting, mine)
	t.admit()
	t.mu.Unlock()
	select {
	case <-mine.begun:
		return t.leave, nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.Index(t.waiting, mine); i >= 0 {
		t.waiting = slices.Delete(t.waiting, i, i+1)
		t.admit() // who waited behind it
		return nil, ctx.Err()
	}
	return t.leave, nil // it was let in meanwhile
}

func (t *turns) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.in--
	t.admit()
}

// admit lets in whose turn it is: all who wait and have the role of the first, if nobody
// of the other is in.
func (t *turns) admit() {
	if len(t.waiting) == 0 || t.in > 0 && t.waiting[0].role != t.role {
		return
	}
	t.role = t.waiting[0].role
	t.waiting = slices.DeleteFunc(t.waiting, func(w *turn) bool {
		if w.role != t.role {
			return false
		}
		t.in++
		close(w.begun)
		return true
	})
}

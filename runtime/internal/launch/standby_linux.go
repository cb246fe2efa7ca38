// SPDX-License-Identifier: MIT

package launch

import (
	"errors"
	"reflect"
	"sync"

	"github.com/sandbox-rls/sandbox/internal/control"
	"github.com/sandbox-rls/sandbox/internal/spawner"
)

// standby keeps a process for the next sandbox: one that was forked, has its
// namespaces, and waits for its set-up. The network's namespace and the program's
// start take about half of the time that a start takes. The process has seen nothing
// of any sandbox, and has the host's mounts for its own until it gets its set-up.
type standby struct {
	mu   sync.Mutex
	next *waiting
}

// waiting is a process on standby, or one that is being forked.
type waiting struct {
	request *control.Spawn
	spawner *spawner.Spawner
	done    chan struct{} // closed when it was forked, or could not be
	proc    *spawner.Process
	conn    *control.Conn
}

// fill has a process forked in the background, if there is none. What fails then
// fails again when a start needs one.
func (b *standby) fill(m *control.Spawn, s *spawner.Spawner) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next != nil || s == nil {
		return
	}
	w := &waiting{request: m, spawner: s, done: make(chan struct{})}
	b.next = w
	go func() {
		defer close(w.done)
		if proc, conn, err := s.Spawn(m); err == nil {
			w.proc, w.conn = proc, conn
		}
	}()
}

// take returns the process if it is as a request says and still there, else nil.
func (b *standby) take(m *control.Spawn) *waiting {
	w := b.remove()
	if w == nil {
		return nil
	}
	if w.proc != nil && !w.proc.Ended() && reflect.DeepEqual(w.request, m) {
		return w
	}
	w.end()
	return nil
}

// drop ends the process.
func (b *standby) drop() {
	if w := b.remove(); w != nil {
		w.end()
	}
}

func (b *standby) remove() *waiting {
	b.mu.Lock()
	w := b.next
	b.next = nil
	b.mu.Unlock()
	if w != nil {
		<-w.done
	}
	return w
}

// orphaned reports whether the process's spawner has died, by asking it for another.
func (w *waiting) orphaned() bool {
	proc, conn, err := w.spawner.Spawn(w.request)
	if err == nil {
		proc.Kill()
		conn.Close()
	}
	return errors.Is(err, spawner.ErrGone)
}

func (w *waiting) end() {
	if w.proc != nil {
		w.proc.Kill()
		w.conn.Close()
	}
}

// SPDX-License-Identifier: MIT

package launch

import (
	"errors"
	"reflect"
	"sync"
	"time"

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
	due  *time.Timer // has it forked; nil: nothing does
	fork func()      // as the timer does
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

// afterStart is for how long at most a start keeps the process from being forked that
// is for the next one. Forking makes namespaces and starts a program: on two cores,
// the command that the sandbox was started for would take several milliseconds longer.
const afterStart = 10 * time.Millisecond

// soon is fill when somebody hurries, or a moment later.
func (b *standby) soon(m *control.Spawn, s *spawner.Spawner) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next != nil || b.due != nil || s == nil {
		return
	}
	b.fork = func() { b.fill(m, s) }
	b.due = time.AfterFunc(afterStart, b.hurry)
}

// hurry has the process forked that is due.
func (b *standby) hurry() {
	if fork := b.cancel(); fork != nil {
		fork()
	}
}

// cancel takes back what is due, and returns it.
func (b *standby) cancel() func() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.due == nil {
		return nil
	}
	b.due.Stop()
	b.due = nil
	return b.fork
}

// take returns the process if it is as a request says, a child of a spawner, and still there, else nil. One
// that is due is not forked any more: the start does that itself.
func (b *standby) take(m *control.Spawn, s *spawner.Spawner) *waiting {
	b.cancel()
	w := b.remove()
	if w == nil {
		return nil
	}
	if w.proc != nil && w.spawner == s && !w.proc.Ended() && reflect.DeepEqual(w.request, m) {
		return w
	}
	w.end()
	return nil
}

// drop ends the process.
func (b *standby) drop() {
	b.cancel()
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

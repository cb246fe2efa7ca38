// SPDX-License-Identifier: MIT

package launch

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/sandbox-rls/sandbox/internal/control"
	"github.com/sandbox-rls/sandbox/internal/spawner"
)

// spawners holds the process that forks the inits. It is started when it is
// first needed, and again when it has died or was ended.
type spawners struct {
	program string // see Options

	mu     sync.Mutex
	s      *spawner.Spawner
	closed int // how often it was
}

// turn is from one closing to the next. Whoever has one gets nothing after that, above all
// no process that nobody would end.
type turn struct {
	*spawners
	closed int
}

func (h *spawners) turn() turn {
	h.mu.Lock()
	defer h.mu.Unlock()
	return turn{h, h.closed}
}

var errClosed = fmt.Errorf("the runtime was closed: %w", os.ErrClosed)

// over is an error when the turn is.
func (h turn) over() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed != h.spawners.closed {
		return errClosed
	}
	return nil
}

func (h turn) get() (*spawner.Spawner, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed != h.spawners.closed {
		return nil, errClosed
	}
	if h.s != nil && !h.s.Gone() {
		return h.s, nil
	}
	s, err := spawner.Begin(h.program)
	if err == nil {
		h.s = s
	}
	return s, err
}

// close ends the spawner, and with it every init that still runs.
func (h *spawners) close() {
	h.mu.Lock()
	s := h.s
	h.s = nil
	h.closed++
	h.mu.Unlock()
	if s != nil {
		s.Close()
	}
}

// ask has something done by the spawner, and by another if that one dies over it.
func (h turn) ask(do func(*spawner.Spawner) error) error {
	s, err := h.get()
	if err == nil {
		err = do(s)
	}
	if !errors.Is(err, spawner.ErrGone) {
		return err
	}
	if s, err = h.get(); err != nil {
		return err
	}
	return do(s)
}

// running returns the process if there is one, else nil.
func (h *spawners) running() *spawner.Spawner {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.s
}

func (h turn) spawn(m *control.Spawn, cgroup ...int) (proc *spawner.Process, conn *control.Conn, err error) {
	err = h.ask(func(s *spawner.Spawner) (err error) {
		proc, conn, err = s.Spawn(m, cgroup...)
		return err
	})
	return proc, conn, err
}

func (h turn) mapIDs(m *control.MapIDs) (ns int, err error) {
	err = h.ask(func(s *spawner.Spawner) (err error) {
		ns, err = s.MapIDs(m)
		return err
	})
	return ns, err
}

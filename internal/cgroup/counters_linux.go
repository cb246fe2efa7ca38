// SPDX-License-Identifier: MIT

package cgroup

import (
	"os"
	"sync"

	"github.com/sandbox-rls/sandbox/runtime"
)

// counters reads what limits did to a group. It is asked before and after each
// command, so that its files stay open.
type counters struct {
	version   *version
	mu        sync.Mutex
	oom, pids *os.File // nil: not counted
}

func (c *counters) open(g *Group) {
	v := g.parent.version
	c.version = v
	c.oom, _ = os.Open(g.file(v.oom.controller, v.oom.file)) // missing where the controller is
	c.pids, _ = os.Open(g.file(v.pids.controller, v.pids.file))
}

func (c *counters) read() runtime.Events {
	c.mu.Lock()
	defer c.mu.Unlock()
	return runtime.Events{OOMKills: current(c.oom, c.version.oom.key), PidsRefused: current(c.pids, c.version.pids.key)}
}

func (c *counters) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range []*os.File{c.oom, c.pids} {
		if f != nil {
			f.Close()
		}
	}
	c.oom, c.pids = nil, nil
}

func current(f *os.File, key string) uint64 {
	if f == nil {
		return 0
	}
	var buf [1024]byte
	n, _ := f.ReadAt(buf[:], 0)
	return number(buf[:n], key)
}

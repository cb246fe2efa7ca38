// SPDX-License-Identifier: MIT

package initproc

import (
	"sync"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/control"
	"github.com/sandbox-rls/sandbox/internal/reexec"
)

// end is by what an init learns that its owner is gone. All see the end of their
// socket; the parent of a container's is the engine's, who comes and goes.
type end int

const (
	diesWithParent end = iota
	diesWithSocket
)

// runInit is the second stage: PID 1 of the sandbox. It starts commands as the
// owner asks, reaps whatever ends, and ends with the owner, and all processes
// of the sandbox with it. In a limited sandbox it takes its threads before it is
// ready, in others when the first command has begun, which does not wait for them.
func runInit(e end, limited bool) int {
	// Neither stage may be traced or looked into by the commands, which run as the same user.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return 1
	}
	if e == diesWithParent {
		if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
			return 1
		}
	}
	unix.CloseOnExec(ControlFD)
	reexec.SurviveEndings()
	p := &initproc{
		commands: make(map[int]uint64), settled: make(map[int][]int), score: newScore(), reserve: sync.OnceFunc(reserveThreads),
	}
	p.cond.L = &p.mu
	if limited {
		p.reserve()
	}
	if err := control.Send(ControlFD, &control.Ready{}); err != nil {
		return 1
	}
	go p.reap()
	return p.serve()
}

// initproc is the state of the second stage.
type initproc struct {
	mu       sync.Mutex
	cond     sync.Cond      // signalled when a command was started
	starts   uint64         // commands started so far
	commands map[int]uint64 // leader's PID → command
	settled  map[int][]int  // leader's PID → what ran beneath it when it was settled
	score    *score
	reserve  func() // makes the threads that the init may come to need, once
}

// serve carries out what the owner asks until the owner is gone.
func (p *initproc) serve() int {
	buf := new(control.Buffer)
	for {
		m, files, err := control.Receive(ControlFD, buf)
		if err != nil || m == nil {
			return 0
		}
		switch m := m.(type) {
		case *control.Exec:
			p.exec(m, files)
			go p.reserve()
		case *control.Kill:
			p.kill(m)
		case *control.Settle:
			p.settle(m)
		}
		control.CloseFiles(files)
	}
}

// exec starts a command. The lock is held until its PID is known, so that the
// reaper never meets a leader that it cannot name.
func (p *initproc) exec(m *control.Exec, files []int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pid, step, errno := spawn(m, files, p.score)
	if errno != 0 {
		_ = control.Send(ControlFD, &control.Refused{ID: m.ID, Step: step, Errno: int(errno)})
		return
	}
	p.commands[pid] = m.ID
	p.starts++
	p.cond.Signal()
}

// kill signals the processes of a command.
func (p *initproc) kill(m *control.Kill) {
	p.mu.Lock()
	defer p.mu.Unlock()
	leader, ok := p.leader(m.ID)
	switch {
	case ok && m.Fresh:
		interrupt(leader, p.settled[leader], unix.Signal(m.Signal), unix.Signal(m.Leader))
	case ok:
		killTree(leader, unix.Signal(m.Signal))
	}
	if m.Fresh {
		_ = control.Send(ControlFD, &control.Settled{ID: m.ID})
	}
}

// settle notes what runs beneath a command, for the next interrupt of it.
func (p *initproc) settle(m *control.Settle) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if leader, ok := p.leader(m.ID); ok {
		p.settled[leader] = descendants(leader)
	}
	_ = control.Send(ControlFD, &control.Settled{ID: m.ID})
}

// leader returns the process of a command. The caller holds the lock.
func (p *initproc) leader(command uint64) (pid int, ok bool) {
	for pid, id := range p.commands {
		if id == command {
			return pid, true
		}
	}
	return 0, false
}

// reap waits for children for as long as the sandbox lives.
func (p *initproc) reap() {
	for {
		p.mu.Lock()
		starts := p.starts
		p.mu.Unlock()
		// Look first, without the lock; take it only to reap, so that a command
		// which ends before it is registered is not lost.
		err := unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOWAIT, nil)
		p.mu.Lock()
		for err == unix.ECHILD && starts == p.starts {
			p.cond.Wait()
		}
		p.reapReady()
		p.mu.Unlock()
	}
}

// reapReady reaps all that has ended. The caller holds the lock.
func (p *initproc) reapReady() {
	for {
		var status unix.WaitStatus
		var usage unix.Rusage
		pid, err := unix.Wait4(-1, &status, unix.WNOHANG, &usage)
		if err == unix.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		id, ok := p.commands[pid]
		if !ok {
			continue // an orphan
		}
		delete(p.commands, pid)
		delete(p.settled, pid)
		p.endLeftovers()
		_ = control.Send(ControlFD, &control.Exit{
			ID: id, Status: uint32(status),
			UserMicros: micros(usage.Utime), SysMicros: micros(usage.Stime), MaxRSSKiB: usage.Maxrss,
		})
	}
}

func micros(t unix.Timeval) int64 { return int64(t.Sec)*1e6 + int64(t.Usec) }

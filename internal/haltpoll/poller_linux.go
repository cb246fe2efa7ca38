// SPDX-License-Identifier: MIT

package haltpoll

import (
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/initproc"
)

// idle is after how long without work the process ends.
const idle = 10 * time.Second

// Poller has the process started when it is needed, and tells it how long to poll. The
// zero value is ready for use. All methods may be called concurrently.
type Poller struct {
	mu    sync.Mutex
	state state
	pid   int           // while it runs
	sock  int           // while it runs: to the process
	ended chan struct{} // closed when the process that was started last is gone
}

type state int

const (
	absent state = iota
	starting
	running
	failed // it cannot be had here, or the poller is closed
)

// Poll has an idle core polled on for so many milliseconds. It does not wait: where
// there is no process yet it has one started, for later.
func (p *Poller) Poll(millis uint8) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch p.state {
	case absent:
		p.state, p.ended = starting, make(chan struct{})
		go p.run(p.ended, idle)
	case running:
		// What finds no room is not needed: the process has enough to do.
		_ = unix.Send(p.sock, []byte{millis}, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	}
}

// Close ends the process, if there is one, and returns when it is gone. Nothing is
// polled afterwards.
func (p *Poller) Close() {
	p.mu.Lock()
	p.release()
	p.state = failed
	ended := p.ended
	p.mu.Unlock()
	if ended != nil {
		<-ended
	}
}

// release closes the socket, which ends a process that runs.
func (p *Poller) release() {
	if p.state == running {
		unix.Close(p.sock)
	}
}

// run is the life of a process, from the owner's side.
func (p *Poller) run(ended chan struct{}, idle time.Duration) {
	defer close(ended)
	pid, sock, err := launch(idle)
	p.mu.Lock()
	switch {
	case err != nil:
		p.state = failed
	case p.state == failed: // closed meanwhile
		unix.Close(sock)
	default:
		p.state, p.pid, p.sock = running, pid, sock
	}
	p.mu.Unlock()
	if err != nil {
		return
	}
	clean := wait(pid)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.release()
	if p.state == running && clean {
		p.state = absent // and can be started again
	} else {
		p.state = failed
	}
}

// launch executes the program as a poller: in a session of its own, so that a
// terminal's signals do not reach it.
func launch(idle time.Duration) (pid, sock int, err error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, -1, err
	}
	defer unix.Close(pair[1])
	null, err := unix.Open(os.DevNull, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err == nil {
		defer unix.Close(null)
		pid, err = syscall.ForkExec("/proc/self/exe", []string{pollerArg, strconv.FormatInt(idle.Milliseconds(), 10)}, &syscall.ProcAttr{
			Env:   initproc.Environ(),
			Files: []uintptr{uintptr(pair[1]), uintptr(null), uintptr(null)},
			Sys:   &syscall.SysProcAttr{Setsid: true},
		})
	}
	if err != nil {
		unix.Close(pair[0])
		return 0, -1, err
	}
	return pid, pair[0], nil
}

// wait waits for the process's end, and reports whether it ended by itself, as it should.
func wait(pid int) bool {
	for {
		var ws unix.WaitStatus
		if _, err := unix.Wait4(pid, &ws, 0, nil); err != unix.EINTR {
			return err == nil && ws.Exited() && ws.ExitStatus() == 0
		}
	}
}

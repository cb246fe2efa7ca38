// SPDX-License-Identifier: MIT

package haltpoll

import (
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/reexec"
)

const (
	// idle is after how long without work the process ends. No other one is started
	// earlier than that after it was, whatever became of it.
	idle = 10 * time.Second
	// patience is how long Close waits. A process of the lowest class needs an idle core
	// to end, too, which a busy machine has not.
	patience = 100 * time.Millisecond
)

// Poller has the process started when it is needed, and tells it how long to poll. The
// zero value is ready for use. All methods may be called concurrently.
type Poller struct {
	idle time.Duration // 0: idle

	mu     sync.Mutex
	closed bool
	next   time.Time     // no process is started before
	ended  chan struct{} // closed when the process that was started is gone; nil: none was, or it is
	live   *process      // nil: none that can be told anything
}

// process is one that runs.
type process struct{ pid, pidfd, sock int }

// Poll has an idle core polled on for so many milliseconds. It does not wait: where
// there is no process it has one started, for later.
func (p *Poller) Poll(millis uint8) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch now := time.Now(); {
	case p.live != nil:
		// What finds no room is not needed: the process has enough to do.
		_ = unix.Send(p.live.sock, []byte{millis}, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	case !p.closed && p.ended == nil && !now.Before(p.next):
		p.next, p.ended = now.Add(p.idleTime()), make(chan struct{})
		go p.run()
	}
}

// Close ends the process, if there is one. Nothing is polled afterwards.
func (p *Poller) Close() {
	p.mu.Lock()
	p.closed = true
	if p.live != nil {
		p.live.kill()
	}
	ended := p.ended
	p.mu.Unlock()
	if ended == nil {
		return
	}
	select {
	case <-ended:
	case <-time.After(patience):
	}
}

func (p *Poller) idleTime() time.Duration {
	if p.idle == 0 {
		return idle
	}
	return p.idle
}

// run is the life of a process, from the owner's side.
func (p *Poller) run() {
	live, err := launch(p.idleTime())
	if err == nil {
		p.mu.Lock()
		p.live = live
		if p.closed {
			live.kill()
		}
		p.mu.Unlock()
		live.wait()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		live.close()
	}
	close(p.ended)
	p.live, p.ended = nil, nil
}

// launch executes the program as a poller: in a session of its own, so that a
// terminal's signals do not reach it.
func launch(idle time.Duration) (*process, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(pair[1])
	p := &process{sock: pair[0]}
	null, err := unix.Open(os.DevNull, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err == nil {
		defer unix.Close(null)
		p.pid, err = syscall.ForkExec("/proc/self/exe", []string{pollerArg, strconv.FormatInt(idle.Milliseconds(), 10)}, &syscall.ProcAttr{
			Env:   reexec.Environ("1"),
			Files: []uintptr{uintptr(pair[1]), uintptr(null), uintptr(null)},
			Sys:   &syscall.SysProcAttr{Setsid: true, PidFD: &p.pidfd},
		})
	}
	if err != nil {
		unix.Close(pair[0])
		return nil, err
	}
	return p, nil
}

func (p *process) kill() { _ = unix.PidfdSendSignal(p.pidfd, unix.SIGKILL, nil, 0) }

func (p *process) close() {
	unix.Close(p.sock)
	unix.Close(p.pidfd)
}

// wait waits for the process's end, and takes what the kernel keeps of it. The program may
// do that itself, if it waits for all of its children: the number may be another one's then.
func (p *process) wait() {
	for {
		if err := unix.Waitid(unix.P_PIDFD, p.pidfd, nil, unix.WEXITED, nil); err != unix.EINTR {
			return
		}
	}
}

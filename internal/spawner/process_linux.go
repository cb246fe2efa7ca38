// SPDX-License-Identifier: MIT

package spawner

import "golang.org/x/sys/unix"

// Process is an init as its owner holds it. It is the spawner's child: its
// number may be another process's as soon as it has ended, its pidfd never is.
type Process struct {
	PID     int
	pidfd   int
	spawner *Spawner
}

// adopt takes over an init that was forked. The spawner may have died since.
func (s *Spawner) adopt(pid, pidfd int) *Process {
	p := &Process{PID: pid, pidfd: pidfd, spawner: s}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inits == nil {
		p.signal()
		return p
	}
	s.inits[p] = true
	return p
}

// killInits kills what has survived the spawner: an init whose program's file
// has capabilities loses its parent-death signal when it executes, and sets it
// again, perhaps too late.
func (s *Spawner) killInits() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range s.inits {
		p.signal()
	}
	s.inits = nil
}

func (p *Process) signal() { _ = unix.PidfdSendSignal(p.pidfd, unix.SIGKILL, nil, 0) }

// Ended reports whether the init is known to have ended.
func (p *Process) Ended() bool {
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(p.pidfd), Events: unix.POLLIN}}, 0)
	return n > 0 && err == nil
}

// Kill ends the init, and with it every process of its PID namespace, and
// returns when all of them are gone: the kernel does not let the init end
// before the others. It must be called once, and nothing after it.
func (p *Process) Kill() {
	p.signal()
	poll := []unix.PollFd{{Fd: int32(p.pidfd), Events: unix.POLLIN}}
	for {
		if _, err := unix.Poll(poll, -1); err != unix.EINTR {
			break
		}
	}
	// The spawner reaps its children. If it has died, and this process is the
	// one that orphans are given to, it is for us to do.
	_ = unix.Waitid(unix.P_PIDFD, p.pidfd, nil, unix.WEXITED|unix.WNOHANG, nil)
	p.spawner.mu.Lock()
	defer p.spawner.mu.Unlock()
	delete(p.spawner.inits, p)
	unix.Close(p.pidfd)
}

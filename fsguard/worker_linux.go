// SPDX-License-Identifier: MIT

package fsguard

import (
	"fmt"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/thread"
)

const (
	// maxWorkers bounds the threads of a guard. All but a few are there only
	// while slow operations, such as copying up a large file, hold others.
	maxWorkers = 256
	// maxHeld is how many of them the slow operations of one sandbox hold, besides the
	// one that has its seat. It waits for these then, and no other sandbox does.
	maxHeld = 8
	// spareWorkers are kept waiting.
	spareWorkers = 2
	// sitMillis is how long a worker stays with a sandbox that just asked: the
	// next notification then needs no hand-over from another thread.
	sitMillis = 20
)

// worker is a thread that serves notifications. Its thread has a file system
// context (umask, working directory) and credentials of its own, and is never
// given back to the scheduler.
type worker struct {
	guard *Guard
	tid   int
	umask int
	// moving says that it holds the lock under which directories are renamed.
	moving bool
	// state is odd while an operation is under way. The watchdog adds two to
	// it, in effect, by taking the seat: see watchdog.
	state atomic.Uint64
	seat  atomic.Pointer[Attachment] // whose notification it is handling, until it is released
	// serving is whose it is handling, or handled last.
	serving *Attachment
	// looking says that it looks at a process, and may be sent a signal: see stuck.
	looking atomic.Bool
	forks   forkHold
	path    [2 * unix.PathMax]byte
	note    notification
}

func (g *Guard) spawnLocked() {
	if g.closed || g.workers >= maxWorkers {
		return
	}
	g.workers++
	g.wg.Add(1)
	go func() {
		thread.Discard(g.work)
		g.mu.Lock()
		g.workers--
		g.mu.Unlock()
		g.wg.Done()
	}()
}

func (g *Guard) spawn() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.spawnLocked()
}

// work is the life of a worker, whose thread ends with it.
func (g *Guard) work() {
	w := &worker{guard: g, tid: unix.Gettid(), umask: -1}
	if err := w.become(g.owner); err != nil {
		return
	}
	g.watch.add(w)
	defer g.watch.remove(w)
	var events [1]unix.EpollEvent
	for {
		if g.waiting.Add(1) > spareWorkers+1 {
			g.waiting.Add(-1)
			return
		}
		n, err := unix.EpollWait(g.epoll, events[:], -1)
		alone := g.waiting.Add(-1) == 0
		if err == unix.EINTR || n == 0 {
			continue
		}
		if err != nil || events[0].Fd == int32(g.quit) {
			return
		}
		a := g.enter(events[0].Fd)
		if a == nil {
			continue
		}
		if alone {
			g.spawn()
		}
		if w.serve(a) {
			a.rearm()
		}
		a.inside.Done()
	}
}

// become takes on the sandbox user's identity, so that the kernel checks what
// the guard does for a process as it would check the process: with the same
// user, and without any capability that overrides file permissions.
func (w *worker) become(id Identity) error {
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return err
	}
	if id.UID < 0 {
		return nil
	}
	if err := unix.Setfsgid(id.GID); err != nil {
		return err
	}
	if err := unix.Setfsuid(id.UID); err != nil {
		return err
	}
	// What is left serves to read the memory and the descriptors of the process.
	// Root in a container may not have it, and does as the owner of the
	// sandbox's user namespace what needs it.
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var caps [2]unix.CapUserData
	if err := unix.Capget(&hdr, &caps[0]); err != nil {
		return err
	}
	left := caps[0].Permitted & (1 << unix.CAP_SYS_PTRACE)
	caps = [2]unix.CapUserData{{Effective: left, Permitted: left}}
	return unix.Capset(&hdr, &caps[0])
}

// usable reports whether a thread of this process can act as the sandbox's
// user. A guard without such threads would let what it is asked wait for ever.
func (id Identity) usable() (err error) {
	thread.Discard(func() { err = (&worker{umask: -1}).become(id) })
	if err != nil {
		return fmt.Errorf("acting as the sandbox's user, %d:%d on this machine: %w", id.UID, id.GID, err)
	}
	return nil
}

// serve handles notifications of one sandbox for as long as they keep coming
// and nobody else waits. It reports whether the listener is to be armed again.
func (w *worker) serve(a *Attachment) (rearm bool) {
	poll := [2]unix.PollFd{
		{Fd: int32(a.listener), Events: unix.POLLIN},
		{Fd: int32(a.guard.epoll), Events: unix.POLLIN},
	}
	for !a.closed.Load() {
		if errno := receive(a.listener, &w.note); errno == 0 {
			if !w.handle(a) {
				return false
			}
		} else if errno != unix.ENOENT && errno != unix.EINTR {
			return false
		}
		look := poll[:]
		if a.guard.waiting.Load() > 0 {
			look = poll[:1] // there is somebody for the others
		}
		n, err := unix.Poll(look, sitMillis)
		if err == unix.EINTR {
			n, err = unix.Poll(look, 0)
		}
		switch {
		case err != nil || n == 0:
			return true
		case poll[0].Revents&unix.POLLIN != 0:
			continue
		case poll[0].Revents != 0:
			return false // hung up: no process is left
		default:
			return true // another sandbox waits
		}
	}
	return false
}

// handle answers the notification that was received. It reports whether the
// worker still has the seat.
func (w *worker) handle(a *Attachment) bool {
	w.begin(a)
	c := call{w: w, a: a, n: &w.note, pid: int(w.note.PID)}
	r := c.dispatch()
	switch {
	case r.done:
	case r.pass:
		send(a.listener, &response{ID: w.note.ID, Flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE})
	default:
		send(a.listener, &response{ID: w.note.ID, Error: -int32(r.errno)})
	}
	return w.end()
}

// setUmask makes the thread's umask that of the process served.
func (w *worker) setUmask(mask int) {
	if w.umask != mask {
		unix.Umask(mask)
		w.umask = mask
	}
}

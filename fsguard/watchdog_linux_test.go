// SPDX-License-Identifier: MIT

package fsguard

import (
	"net"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/thread"
)

// TestStuckWorker has a worker be the last to close a socket that lingers for a peer
// which never reads, as a process can bring it to.
func TestStuckWorker(t *testing.T) {
	g, err := NewGuard(Identity{UID: -1, GID: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	fd := lingering(t)
	done := make(chan bool)
	go func() {
		runtime.LockOSThread()
		w := &worker{guard: g, tid: unix.Gettid()}
		g.watch.add(w)
		defer g.watch.remove(w)
		w.begin(&Attachment{guard: g, listener: -1})
		w.looking.Store(true)
		unix.Close(fd)
		done <- w.end()
	}()
	select {
	case kept := <-done:
		if kept {
			t.Error("it kept the seat all the time")
		}
	case <-time.After(time.Minute):
		t.Fatal("it waits for ever")
	}
}

// lingering is a socket whose close waits for an hour.
func lingering(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.Connect(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: l.Addr().(*net.TCPAddr).Port})
	}
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = unix.Write(fd, make([]byte, 64<<10))
	}
	if err := unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1, Linger: 3600}); err != nil {
		t.Fatal(err)
	}
	// Where it does not block, its close does not wait.
	if err := unix.SetNonblock(fd, false); err != nil {
		t.Fatal(err)
	}
	return fd
}

// TestInterruptions has workers stay at one operation for long. Who looks at a process is
// sent signals, and nobody else: an overlay that copies a file up would begin again with each.
func TestInterruptions(t *testing.T) {
	g := still(t)
	sent := map[int]int{}
	interrupt = func(tid int) error {
		sent[tid]++
		return nil
	}
	t.Cleanup(func() { interrupt = thread.Interrupt })
	for tid, looking := range map[int]bool{1: true, 2: false} {
		w := &worker{guard: g, tid: tid}
		g.watch.add(w)
		w.begin(nil)
		w.looking.Store(looking)
	}
	for range 3*stuck + 1 {
		g.watch.look()
	}
	if sent[1] != 3 || sent[2] != 0 {
		t.Errorf("got %d and %d signals, want 3 and none", sent[1], sent[2])
	}
}

// TestForksGoOn has a worker keep this process from forking while what it does lasts.
func TestForksGoOn(t *testing.T) {
	g := still(t)
	w := &worker{guard: g}
	g.watch.add(w)
	w.begin(nil)
	for range patience { // it waits for something else before
		g.watch.look()
	}
	w.forks.take()
	if syscall.ForkLock.TryLock() {
		t.Fatal("forks are not held at all")
	}
	g.watch.look()
	if w.forks.held.Load() {
		t.Fatal("it holds forks up all the time")
	}
	w.forks.release() // as it does in the end
	if err := exec.Command("true").Run(); err != nil {
		t.Error(err)
	}
}

// still is a guard without threads, whose watchdog looks round when the test says so.
func still(t *testing.T) *Guard {
	t.Helper()
	g := &Guard{epoll: -1}
	g.watch.guard = g
	g.watching.Store(true)
	return g
}

// TestHeldWorkers has more slow operations of one sandbox than it may hold workers with.
func TestHeldWorkers(t *testing.T) {
	g := still(t)
	one, other := &Attachment{guard: g, listener: -1}, &Attachment{guard: g, listener: -1}
	var workers []*worker
	begin := func(a *Attachment) *worker {
		w := &worker{guard: g}
		g.watch.add(w)
		w.begin(a)
		workers = append(workers, w)
		return w
	}
	for range maxHeld + 5 {
		begin(one)
	}
	begin(other)
	for range 2 { // the first one sees them for the first time
		g.watch.look()
	}
	released := func(a *Attachment) (n int) {
		for _, w := range workers {
			if w.serving == a && w.state.Load()%2 == 1 && w.seat.Load() == nil {
				n++
			}
		}
		return n
	}
	if n := released(one); n != maxHeld {
		t.Errorf("it holds %d workers, want %d", n, maxHeld)
	}
	if n := released(other); n != 1 {
		t.Error("the other sandbox's seat was not released")
	}
	for _, w := range workers {
		if w.serving == one && w.seat.Load() == nil {
			if w.end() {
				t.Error("a worker has a seat that was released")
			}
			break
		}
	}
	g.watch.look()
	if n := released(one); n != maxHeld {
		t.Errorf("when one is free, it holds %d workers, want %d", n, maxHeld)
	}
	for _, w := range workers {
		if w.state.Load()%2 == 1 {
			w.end()
		}
	}
	if one.held.Load() != 0 || other.held.Load() != 0 {
		t.Errorf("%d and %d are held in the end", one.held.Load(), other.held.Load())
	}
}

// TestOwnerAtProcesses: what the owner does never touches what /proc has of a process, to
// which a link of the sandbox may lead.
func TestOwnerAtProcesses(t *testing.T) {
	for _, at := range []string{"/proc", "/proc/1", "/proc/1/fd"} {
		w := walker{a: &Attachment{root: -1}, at: at}
		if errno := w.step("1", true); errno != unix.EXDEV {
			t.Errorf("%s: got %v", at, errno)
		}
	}
}

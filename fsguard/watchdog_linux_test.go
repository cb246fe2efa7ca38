// SPDX-License-Identifier: MIT

package fsguard

import (
	"net"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
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

// TestHeldWorkers has more slow operations of one sandbox than it may hold workers with.
func TestHeldWorkers(t *testing.T) {
	g := &Guard{epoll: -1}
	g.watch.guard = g
	g.watching.Store(true) // there is no clock but this test
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

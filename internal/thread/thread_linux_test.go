// SPDX-License-Identifier: MIT

package thread_test

import (
	"net"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/thread"
)

// TestDiscard has so many at once that Go would use the first thread as well.
func TestDiscard(t *testing.T) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	first := 0
	seen := map[int]bool{}
	for range 50 {
		wg.Go(func() {
			for range 20 {
				thread.Discard(func() {
					mu.Lock()
					defer mu.Unlock()
					id := unix.Gettid()
					seen[id] = true
					if id == unix.Getpid() {
						first++
					}
				})
			}
		})
	}
	wg.Wait()
	if first > 0 || len(seen) < 100 {
		t.Errorf("%d ran on the first thread, all on %d", first, len(seen))
	}
}

// TestInterrupting closes a socket that lingers for a peer which never reads.
func TestInterrupting(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.Connect(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: l.Addr().(*net.TCPAddr).Port})
	}
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		err = unix.Sendto(fd, make([]byte, 64<<10), unix.MSG_DONTWAIT, nil)
	}
	if err := unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1, Linger: 3600}); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		thread.Interrupting(10*time.Millisecond, func() { unix.Close(fd) })
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("it waits for ever")
	}
}

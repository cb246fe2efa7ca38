// SPDX-License-Identifier: MIT

package docker

import (
	"os"
	"runtime"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// TestHungUp asks about a socket while the thread is signalled, as the runtime does
// to preempt it: poll(2) is interrupted then though it does not wait.
func TestHungUp(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[0])
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	thread, stop := unix.Gettid(), make(chan struct{})
	var storm sync.WaitGroup
	storm.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				_ = unix.Tgkill(os.Getpid(), thread, unix.SIGURG)
			}
		}
	})
	for range 300_000 {
		if hungUp(fds[0]) {
			t.Error("a socket with an open peer is said to be hung up")
			break
		}
	}
	close(stop)
	storm.Wait()
	unix.Close(fds[1])
	if !hungUp(fds[0]) {
		t.Error("a socket without a peer is not said to be hung up")
	}
}

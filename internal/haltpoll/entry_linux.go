// SPDX-License-Identifier: MIT

package haltpoll

import (
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/initproc"
)

// pollerArg is the argument by which a process knows what it is for. Another one says
// after how many milliseconds without work it ends.
var pollerArg = "sandbox-haltpoll"

// socketFD is the socket's file descriptor in the process.
const socketFD = 0

// init takes over the process when it was started to poll. The main goroutine is on the
// main thread here and stays on it.
func init() {
	if len(os.Args) != 2 || os.Args[0] != pollerArg {
		return
	}
	idle, err := strconv.Atoi(os.Args[1])
	if err != nil {
		return
	}
	syscall.Exit(run(idle)) // not os.Exit, which would do what the program has for its own end
}

// run polls for as many milliseconds as each message says, until there are none any
// more, or nobody is left who would send one.
func run(idle int) int {
	strays, err := initproc.Strays(2)
	if err != nil {
		return 1
	}
	for _, fd := range strays {
		unix.Close(fd)
	}
	if err := unix.Chdir("/"); err != nil { // no directory is kept busy
		return 1
	}
	// Whoever asks a whole group or service to end means the owner, and this ends with it.
	initproc.IgnoreEndings()
	if err := unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}, 0); err != nil {
		return 1
	}
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: socketFD, Events: unix.POLLIN}}, idle)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return 0
		}
		millis, ok := newest(socketFD)
		if !ok {
			return 0
		}
		poll(time.Duration(millis) * time.Millisecond)
	}
}

// newest returns the message that came last, and false when the owner is gone. The
// others came while no core was idle.
func newest(sock int) (millis byte, ok bool) {
	message := make([]byte, 1)
	for {
		n, _, err := unix.Recvfrom(sock, message, unix.MSG_DONTWAIT)
		switch {
		case err == unix.EAGAIN:
			return millis, true
		case err == unix.EINTR:
		case err != nil || n == 0:
			return 0, false
		default:
			millis = message[0]
		}
	}
}

// poll computes nothing.
func poll(d time.Duration) {
	for began := time.Now(); time.Since(began) < d; {
	}
}

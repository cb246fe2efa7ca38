// SPDX-License-Identifier: MIT

package haltpoll

import (
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/reexec"
)

// pollerArg is the argument by which a process knows what it is for, and its name. Another
// one says after how many milliseconds without work it ends.
var pollerArg = "sandbox-haltpoll"

const (
	// socketFD is the socket's file descriptor in the process.
	socketFD = 0
	// preempted is what passes between two looks at the clock when somebody else had the
	// core in between.
	preempted = 200 * time.Microsecond
	// shortRespite is for how many milliseconds nothing is polled then; longRespite, after
	// it has doubled each time that this happened again.
	shortRespite, longRespite = 4, 64
	// tries is how often the least weight is asked for; after that the clock has to do.
	tries = 50
)

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

func run(idle int) int {
	// Whoever asks a whole group or service to end means the owner, and this ends with it.
	reexec.IgnoreEndings()
	strays, err := reexec.Strays(2)
	if err != nil {
		return 1
	}
	for _, fd := range strays {
		unix.Close(fd)
	}
	if err := unix.Chdir("/"); err != nil { // no directory is kept busy
		return 1
	}
	_ = put("/proc/self/comm", pollerArg) // or else its name is that of /proc/self/exe
	if err := descend(); err != nil {
		return 1
	}
	if err := serve(socketFD, idle); err != nil {
		return 1
	}
	return 0
}

// descend puts the thread that polls, which is the only one to compute anything, into the
// lowest class. That is so among those that the scheduler has in one group; where it groups
// sessions by themselves, which sched(7) calls autogroups, the group of this one gets the least weight.
// Of cgroups it knows nothing: see poll.
func descend() error {
	// Without privileges that is granted once in 100 ms, to all programs together.
	for range tries {
		if put("/proc/self/autogroup", "19") != unix.EAGAIN {
			break
		}
		_, _ = unix.Poll(nil, 110)
	}
	return unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}, 0)
}

// put writes to a file of the kernel's.
func put(name, text string) error {
	fd, err := unix.Open(name, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = unix.Write(fd, []byte(text))
	return err
}

// serve polls for as many milliseconds as each message says, until there are none any
// more, or nobody is left who would send one.
func serve(sock, idle int) error {
	for respite := shortRespite; ; {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(sock), Events: unix.POLLIN}}, idle)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return err
		}
		millis, err := newest(sock)
		if millis == 0 || err != nil {
			return err
		}
		if poll(time.Duration(millis)*time.Millisecond, time.Now) {
			respite = shortRespite
			continue
		}
		_, _ = unix.Poll(nil, respite)
		respite = min(2*respite, longRespite)
	}
}

// newest returns the message that came last, and 0 when the owner is gone. The
// others came while there was no core for this process.
func newest(sock int) (millis byte, err error) {
	message := make([]byte, 1)
	for {
		n, _, err := unix.Recvfrom(sock, message, unix.MSG_DONTWAIT)
		switch {
		case err == unix.EAGAIN:
			return millis, nil
		case err == unix.EINTR:
		case err != nil || n == 0:
			return 0, err
		default:
			millis = message[0]
		}
	}
}

// poll computes nothing for some time, or until somebody else had the core: then it is not
// idle, and false is returned. The scheduler's classes are for those of one group only.
func poll(d time.Duration, clock func() time.Time) bool {
	began := clock()
	for at := began; at.Sub(began) < d; {
		now := clock()
		if now.Sub(at) > preempted {
			return false
		}
		at = now
	}
	return true
}

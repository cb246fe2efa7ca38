// SPDX-License-Identifier: MIT

package ledgertest

import (
	"bufio"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// exhaust has a sandbox take all that it can get of what the kernel counts by user, by
// a helper that says which error it met and keeps what it has. Others are looked at
// meanwhile.
func (s *suite) exhaust(t *testing.T, taker *box, helper string, want unix.Errno, others func(t *testing.T)) {
	before := taker.delta(t)
	out, p := taker.begin(t, []string{ws + program, attackArg, helper})
	defer out.Close()
	check(t, out.SetReadDeadline(time.Now().Add(patience)))
	met, err := bufio.NewReader(out).ReadString('\n')
	if met = strings.TrimSpace(met); err != nil || met != unix.ErrnoName(want) {
		t.Errorf("it met %q, %v; want %s", met, err, unix.ErrnoName(want))
	}
	others(t)
	check(t, p.Signal(syscall.SIGKILL))
	_, _ = end(t, out, p, patience)
	write(t, taker)
	taker.holds(t, before)
}

// descriptorsInFlight has a sandbox send descriptors that nobody receives. Others
// start meanwhile, which takes descriptors that are sent by the init, and commands run,
// which takes some that are sent by the owner.
func (s *suite) descriptorsInFlight(t *testing.T, taker *box) {
	old := s.newBox(t, guardThere)
	s.exhaust(t, taker, "sender", unix.ETOOMANYREFS, func(t *testing.T) {
		write(t, old)
		write(t, s.newBox(t, guardThere))
	})
}

// inotifyInstances has a sandbox take inotify instances. Its owner and others get
// some meanwhile. Another run of the suite may have as many for a moment.
func (s *suite) inotifyInstances(t *testing.T, taker *box) {
	if s.engines {
		t.Skip("the user is one of the engine's, with the limits of that one")
	}
	other := s.newBox(t, guardThere)
	s.exhaust(t, taker, "watcher", unix.EMFILE, func(t *testing.T) {
		eventually(t, "the owner has an inotify instance", func() bool { return watchOnce() == nil })
		eventually(t, "another sandbox has one", func() bool {
			out, p := other.begin(t, []string{ws + program, attackArg, "watch-once"})
			_, st := end(t, out, p, patience)
			return st.ExitCode == 0
		})
	})
}

// eventually waits for something to hold.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for until := time.Now().Add(20 * time.Second); !holds(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(until) {
			t.Errorf("never true: %s", what)
			return
		}
	}
}

func init() {
	helpers["sender"] = func() int { return keep(send()) }
	helpers["watcher"] = func() int {
		var err error
		for err == nil {
			_, err = unix.InotifyInit1(unix.IN_CLOEXEC)
		}
		return keep(err)
	}
	helpers["watch-once"] = func() int {
		if err := watchOnce(); err != nil {
			fmt.Println(err)
			return 1
		}
		return 0
	}
}

// keep says what kept a helper from taking more, and keeps what it has.
func keep(err error) int {
	fmt.Println(outcome("", err))
	time.Sleep(patience)
	return 0
}

// watchOnce makes an inotify instance, for a moment.
func watchOnce() error {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

// send sends one descriptor again and again, over sockets that nobody reads, and
// returns what keeps it from sending more.
func send() error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur = limit.Max // which the Go runtime leaves one below
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	null, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	rights := unix.UnixRights(slices.Repeat([]int{null}, 250)...)
	for {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		for err == nil {
			err = unix.Sendmsg(pair[0], []byte{0}, rights, nil, 0)
		}
		if err != unix.EAGAIN {
			return err
		}
	}
}

// SPDX-License-Identifier: MIT

package initproc

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// children lists the children of a process: proc_pid_children(5), or, in a
// kernel without CONFIG_PROC_CHILDREN, by what all processes name as parent.
func children(pid int) (list []int) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		for _, p := range processes() {
			if p.parent == pid {
				list = append(list, p.pid)
			}
		}
		return list
	}
	for _, f := range bytes.Fields(data) {
		if child, err := strconv.Atoi(string(f)); err == nil {
			list = append(list, child)
		}
	}
	return list
}

// descendants lists all that runs beneath a process: a child's child is the
// process's own when that child ends. Nearly always there is nothing, which
// takes no list of all processes.
func descendants(pid int) (list []int) {
	if len(children(pid)) == 0 {
		return nil
	}
	return beneath(processes(), pid)[1:]
}

// interrupt ends what a leader runs at the moment, as Ctrl-C at a terminal
// does: all that runs beneath it gets the signal sig, except what it is to keep
// and what is beneath that. The leader gets one of its own. It
// is stopped meanwhile, so that it goes on to nothing before it knows.
func interrupt(leader int, keep []int, sig, own unix.Signal) {
	_ = unix.Kill(leader, unix.SIGSTOP)
	await(leader, "TZX", maxRounds) // it may be forking
	if sig == unix.SIGKILL {
		killFresh(leader, keep)
	} else {
		signalFresh(leader, keep, sig)
	}
	_ = unix.Kill(leader, own)
	_ = unix.Kill(leader, unix.SIGCONT)
}

// signalFresh signals what runs beneath a leader and is not to be kept. All of
// it is stopped meanwhile: a shell goes on to the next of its commands if the
// one that it waits for ends before it has the signal itself. What forks then
// is not looked for again and again, which would last for as long as it likes.
//
// What ends by the signal has ended when the leader gets its own: busybox's ash goes
// on to the next command at times when it learns of its own signal first. What takes
// no notice is not waited for long.
func signalFresh(leader int, keep []int, sig unix.Signal) {
	pids := fresh(leader, keep, processes())
	for _, s := range []unix.Signal{unix.SIGSTOP, sig, unix.SIGCONT} {
		for _, pid := range pids {
			_ = unix.Kill(pid, s)
		}
	}
	left := noticeRounds
	for _, pid := range pids {
		left = await(pid, "ZX", left)
	}
}

// noticeRounds is for how many rounds of await, of a tenth of a millisecond each and
// together, processes are given to end by a signal.
const noticeRounds = 300

// killFresh kills what runs beneath a leader and is not to be kept. A process
// that forks and ends at once is missed by a listing now and then: one in which
// nothing was new is not yet the last.
func killFresh(leader int, keep []int) {
	var stopped []int
	known := map[int]bool{}
	for round, quiet := 0, 0; round < maxRounds && quiet < 2; round++ {
		quiet++
		for _, pid := range fresh(leader, keep, processes()) {
			if !known[pid] {
				known[pid], quiet = true, 0
				stopped = append(stopped, pid)
				_ = unix.Kill(pid, unix.SIGSTOP) // it forks no more
			}
		}
	}
	killStopped(stopped)
	for _, pid := range stopped {
		await(pid, "ZX", maxRounds)
	}
}

// await waits, for no more than so many rounds, until a process is in one of the given
// states (proc_pid_stat(5)) or gone: what a signal does, it does not do at once. It
// returns how many rounds are left.
func await(pid int, states string, rounds int) (left int) {
	for ; rounds > 0; rounds-- {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		rest := bytes.TrimLeft(data[bytes.LastIndexByte(data, ')')+1:], " ")
		if err != nil || len(rest) == 0 || strings.IndexByte(states, rest[0]) >= 0 {
			break
		}
		_ = unix.Nanosleep(&unix.Timespec{Nsec: 100_000}, nil)
	}
	return rounds
}

// fresh lists what runs beneath a leader and beneath none of what it keeps, parents first.
func fresh(leader int, keep []int, all []process) []int {
	mine := beneath(all, leader)[1:]
	known := map[int]bool{}
	for _, pid := range mine {
		known[pid] = true
	}
	keep = slices.DeleteFunc(slices.Clone(keep), func(pid int) bool {
		return !known[pid] // it has ended, and its number may be another's
	})
	kept := map[int]bool{}
	for _, pid := range beneath(all, keep...) {
		kept[pid] = true
	}
	return slices.DeleteFunc(mine, func(pid int) bool { return kept[pid] })
}

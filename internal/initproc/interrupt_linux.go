// SPDX-License-Identifier: MIT

package initproc

import (
	"bytes"
	"fmt"
	"os"
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

// interrupt ends what a leader runs at the moment, as Ctrl-C at a terminal
// does: all that runs beneath it gets the signal sig, except the children that
// it is to keep and what is beneath those. The leader gets one of its own. It
// is stopped meanwhile, so that it goes on to nothing before it knows.
func interrupt(leader int, keep []int, sig, own unix.Signal) {
	_ = unix.Kill(leader, unix.SIGSTOP)
	await(leader, "TZX") // it may be forking
	seen := map[int]bool{}
	for range maxRounds {
		found := false
		for _, pid := range fresh(leader, keep, processes()) {
			if !seen[pid] {
				seen[pid], found = true, true
				if sig == unix.SIGKILL {
					_ = unix.Kill(pid, unix.SIGSTOP) // it forks no more
				}
			}
		}
		if !found {
			break
		}
	}
	for pid := range seen {
		_ = unix.Kill(pid, sig)
	}
	if sig == unix.SIGKILL {
		for pid := range seen {
			await(pid, "ZX")
		}
	}
	_ = unix.Kill(leader, own)
	_ = unix.Kill(leader, unix.SIGCONT)
}

// await waits, for no longer than that should take, until a process is in one
// of the given states (proc_pid_stat(5)) or gone: what a signal does, it does
// not do at once.
func await(pid int, states string) {
	for range maxRounds {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		rest := bytes.TrimLeft(data[bytes.LastIndexByte(data, ')')+1:], " ")
		if err != nil || len(rest) == 0 || strings.IndexByte(states, rest[0]) >= 0 {
			return
		}
		_ = unix.Nanosleep(&unix.Timespec{Nsec: 100_000}, nil)
	}
}

// fresh lists what runs beneath a leader and beneath none of what it keeps.
func fresh(leader int, keep []int, all []process) (list []int) {
	mine := beneath(leader, all)
	delete(mine, leader)
	for _, k := range keep {
		if !mine[k] {
			continue // it has ended, and its number may be another's
		}
		for pid := range beneath(k, all) {
			delete(mine, pid)
		}
	}
	for pid := range mine {
		list = append(list, pid)
	}
	return list
}

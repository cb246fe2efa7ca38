// SPDX-License-Identifier: MIT

package initproc

import "golang.org/x/sys/unix"

// fate is what becomes of a process that no running command seems to have.
type fate int

const (
	spared  fate = iota // a running command has it after all, or it came from outside
	left                // it was left by a command that has ended
	unknown             // one of its parents ended while they were being looked at
)

// maxDepth bounds how many parents of a process are looked at.
const maxDepth = 1 << 12

// endLeftovers kills what finished commands left running. A command is the
// subreaper of all that descends from it: what is beneath the init and beneath
// no running command was left by one that has ended. The caller holds the lock
// and reaps. When no command runs, it was left beneath a child of the init: nearly
// always there is none, which takes no list of all processes.
func (p *initproc) endLeftovers() {
	if len(p.commands) == 0 && !hasChildren() {
		return
	}
	for range maxRounds {
		again := false
		for _, q := range p.candidates(processes()) {
			f := p.fateOf(q, parentOf)
			again = again || f != spared
			if f == left {
				_ = unix.Kill(q, unix.SIGKILL)
				// Only a child of the init can be waited for; others follow when they become that.
				_, _ = unix.Wait4(q, nil, 0, nil)
			}
		}
		if !again {
			return
		}
	}
}

// hasChildren reports whether this process has children, ended or not.
func hasChildren() bool {
	return unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT|unix.WALL, nil) != unix.ECHILD
}

// candidates lists the processes that, by a listing, are beneath no running
// command. That they are not is for fateOf to say: the listing lacks a parent
// that was forked while it was made, under a number that it had passed, as
// happens when the numbers have wrapped around, or that ended before it was read.
func (p *initproc) candidates(all []process) []int {
	if len(all) <= 1+len(p.commands) && len(p.commands) == 0 {
		return nil
	}
	mine := map[int]bool{1: true}
	for leader := range p.commands {
		for _, pid := range beneath(all, leader) {
			mine[pid] = true
		}
	}
	var pids []int
	for _, q := range all {
		if !mine[q.pid] {
			pids = append(pids, q.pid)
		}
	}
	return pids
}

// fateOf follows the parents of a process as they are now. Once they lead to
// the init past no running command, they always will: an orphan goes to one of
// those above it.
func (p *initproc) fateOf(pid int, parentOf func(int) (int, bool)) fate {
	for range maxDepth {
		if pid == 1 {
			return left
		}
		if _, ok := p.commands[pid]; ok || pid == 0 {
			return spared
		}
		parent, ok := parentOf(pid)
		if !ok {
			return unknown
		}
		pid = parent
	}
	return unknown
}

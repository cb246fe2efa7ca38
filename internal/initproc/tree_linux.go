// SPDX-License-Identifier: MIT

package initproc

import "golang.org/x/sys/unix"

// maxRounds bounds how often the processes are listed anew while some are
// being ended: what was not yet reached may be forking.
const maxRounds = 1000

// killTree signals a command's leader and all that descends from it. Each
// process is stopped first, so that it forks no more while others are found.
func killTree(leader int, sig unix.Signal) {
	if sig != unix.SIGKILL {
		for pid := range beneath(leader, processes()) {
			_ = unix.Kill(pid, sig)
		}
		return
	}
	stopped := map[int]bool{}
	for range maxRounds {
		fresh := false
		for pid := range beneath(leader, processes()) {
			if !stopped[pid] {
				stopped[pid], fresh = true, true
				_ = unix.Kill(pid, unix.SIGSTOP)
			}
		}
		if !fresh {
			break
		}
	}
	for pid := range stopped {
		_ = unix.Kill(pid, unix.SIGKILL)
	}
}

// beneath returns a process and its descendants.
func beneath(root int, all []process) map[int]bool {
	in := map[int]bool{root: true}
	spread(in, all)
	return in
}

// spread adds the descendants of all that are in a set.
func spread(in map[int]bool, all []process) {
	for grown := true; grown; {
		grown = false
		for _, p := range all {
			if !in[p.pid] && in[p.parent] {
				in[p.pid], grown = true, true
			}
		}
	}
}

// SPDX-License-Identifier: MIT

package initproc

import (
	"slices"

	"golang.org/x/sys/unix"
)

// maxRounds bounds how often the processes are listed anew while some are
// being ended: what was not yet reached may be forking.
const maxRounds = 1000

// killTree signals a command's leader and all that descends from it. Each
// process is stopped first, so that it forks no more while others are found.
func killTree(leader int, sig unix.Signal) {
	if sig != unix.SIGKILL {
		for _, pid := range beneath(processes(), leader) {
			_ = unix.Kill(pid, sig)
		}
		return
	}
	var stopped []int
	known := map[int]bool{}
	for range maxRounds {
		fresh := false
		for _, pid := range beneath(processes(), leader) {
			if !known[pid] {
				known[pid], fresh = true, true
				stopped = append(stopped, pid)
				_ = unix.Kill(pid, unix.SIGSTOP)
			}
		}
		if !fresh {
			break
		}
	}
	killStopped(stopped)
}

// killStopped kills processes that were stopped, each after its children. When a shell with job control
// ends, the kernel has its stopped jobs go on (_exit(2), orphaned process groups).
func killStopped(pids []int) {
	for _, pid := range slices.Backward(pids) {
		_ = unix.Kill(pid, unix.SIGKILL)
	}
}

// beneath returns processes and their descendants, each after its parent. Whoever stops
// them does so in that order: a shell with job control that learns of a child's being stopped before
// it is stopped itself goes on to its next command.
func beneath(all []process, roots ...int) []int {
	children := map[int][]int{}
	for _, p := range all {
		children[p.parent] = append(children[p.parent], p.pid)
	}
	known := map[int]bool{}
	for _, root := range roots {
		known[root] = true
	}
	list := slices.Clone(roots)
	for i := 0; i < len(list); i++ {
		for _, child := range children[list[i]] {
			if !known[child] { // the list is not of one moment, and may lead in a circle
				known[child] = true
				list = append(list, child)
			}
		}
	}
	return list
}

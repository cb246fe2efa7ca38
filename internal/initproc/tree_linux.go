// SPDX-License-Identifier: MIT

package initproc

import (
	"bytes"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// process is what /proc says of one process.
type process struct{ pid, parent int }

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
	for grown := true; grown; {
		grown = false
		for _, p := range all {
			if !in[p.pid] && in[p.parent] {
				in[p.pid], grown = true, true
			}
		}
	}
	return in
}

// endLeftovers kills what finished commands left running. A command is the
// subreaper of all that descends from it: what is beneath the init and beneath
// no running command was left by one that has ended. The caller holds the lock
// and reaps.
func (p *initproc) endLeftovers() {
	for range maxRounds {
		left := false
		for _, q := range p.leftovers(processes()) {
			left = true
			_ = unix.Kill(q, unix.SIGKILL)
			// Only a child of the init can be waited for; others follow when they become that.
			_, _ = unix.Wait4(q, nil, 0, nil)
		}
		if !left {
			return
		}
	}
}

func (p *initproc) leftovers(all []process) []int {
	if len(all) <= 1+len(p.commands) && len(p.commands) == 0 {
		return nil
	}
	mine := map[int]bool{1: true}
	for leader := range p.commands {
		for pid := range beneath(leader, all) {
			mine[pid] = true
		}
	}
	var left []int
	for _, q := range all {
		if !mine[q.pid] {
			left = append(left, q.pid)
		}
	}
	return left
}

// processes lists all processes of the sandbox.
func processes() []process {
	d, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer d.Close()
	names, _ := d.Readdirnames(-1)
	var all []process
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if p, ok := stat(pid); ok {
			all = append(all, p)
		}
	}
	return all
}

// stat reads proc_pid_stat(5). The name in it may hold anything, so that the
// fields are counted from the last parenthesis.
func stat(pid int) (process, bool) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return process{}, false
	}
	f := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
	if len(f) < 2 {
		return process{}, false
	}
	parent, err := strconv.Atoi(string(f[1]))
	return process{pid: pid, parent: parent}, err == nil
}

// SPDX-License-Identifier: MIT

package initproc

import (
	"bytes"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// process is what /proc says of one process.
type process struct{ pid, parent, session int }

// killTree signals a command's leader, all of its session, and all descendants
// of either. It goes round until it finds nobody new, since what it has not
// yet reached may be forking.
func killTree(leader int, sig unix.Signal) {
	done := map[int]bool{}
	for range 100 {
		fresh := 0
		for _, pid := range members(leader, processes()) {
			if !done[pid] {
				done[pid] = true
				fresh++
				_ = unix.Kill(pid, sig)
			}
		}
		if fresh == 0 || sig != unix.SIGKILL {
			return
		}
	}
}

// members returns the processes of a command.
func members(leader int, all []process) []int {
	in := map[int]bool{leader: true}
	for grown := true; grown; {
		grown = false
		for _, p := range all {
			if !in[p.pid] && p.pid != 1 && (p.session == leader || in[p.parent]) {
				in[p.pid], grown = true, true
			}
		}
	}
	var pids []int
	for _, p := range all {
		if in[p.pid] {
			pids = append(pids, p.pid)
		}
	}
	return pids
}

// endLeftovers kills what a finished command left running: the rest of its
// session and what descends from it; and, when no other command is running,
// every other process but the init, since it can be nobody else's.
func (p *initproc) endLeftovers(leader int) {
	all := processes()
	if len(all) <= 1 {
		return
	}
	killTree(leader, unix.SIGKILL)
	if len(p.commands) > 0 {
		return
	}
	for range 100 {
		left := 0
		for _, q := range processes() {
			if q.pid != 1 && unix.Kill(q.pid, unix.SIGKILL) == nil {
				left++
			}
		}
		if left == 0 {
			return
		}
		for pid := 1; pid > 0; {
			pid, _ = unix.Wait4(-1, nil, unix.WNOHANG, nil)
		}
	}
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
	if len(f) < 4 {
		return process{}, false
	}
	parent, _ := strconv.Atoi(string(f[1]))
	session, _ := strconv.Atoi(string(f[3]))
	return process{pid: pid, parent: parent, session: session}, true
}

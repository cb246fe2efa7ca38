// SPDX-License-Identifier: MIT

package initproc

import (
	"bytes"
	"os"
	"strconv"
)

// process is what /proc says of one process.
type process struct{ pid, parent int }

// processes lists all processes of the sandbox. The list is not of one moment:
// a process may be in it whose parent is not.
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
		if parent, ok := parentOf(pid); ok {
			all = append(all, process{pid, parent})
		}
	}
	return all
}

// parentOf returns the parent of a process that exists. It is 0 where the
// parent is outside of the sandbox.
func parentOf(pid int) (int, bool) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, false
	}
	return parseStat(data)
}

// parseStat takes the parent from proc_pid_stat(5). The name in it may hold
// anything, so that the fields are counted from the last parenthesis.
func parseStat(data []byte) (parent int, ok bool) {
	f := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
	if len(f) < 2 {
		return 0, false
	}
	parent, err := strconv.Atoi(string(f[1]))
	return parent, err == nil && parent >= 0
}

// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// resident is how much memory processes have, in bytes.
type resident struct{ rss, pss int64 }

// residence adds up the memory of processes; see proc_pid_smaps(5).
func residence(pids []int) (resident, error) {
	var sum resident
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			return resident{}, err
		}
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			if len(fields) != 3 {
				continue
			}
			kB, _ := strconv.ParseInt(fields[1], 10, 64)
			switch fields[0] {
			case "Rss:":
				sum.rss += kB << 10
			case "Pss:":
				sum.pss += kB << 10
			}
		}
	}
	return sum, nil
}

// descendants are the processes beneath one, the threads of which may each
// have started some.
func descendants(pid int) ([]int, error) {
	children := make(map[int][]int)
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		// pid (name) state parent: the name may hold anything.
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		if fields[0] == "Z" {
			continue // it has, too
		}
		child, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		parent, _ := strconv.Atoi(fields[1])
		children[parent] = append(children[parent], child)
	}
	var found []int
	for next := []int{pid}; len(next) > 0; {
		below := children[next[0]]
		found = append(found, below...)
		next = append(next[1:], below...)
	}
	slices.Sort(found)
	return found, nil
}

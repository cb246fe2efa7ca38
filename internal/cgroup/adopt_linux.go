// SPDX-License-Identifier: MIT

package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/containerd/cgroups/v3"

	"github.com/sandbox-rls/sandbox/runtime"
)

// InitTasks is what a limit of processes is raised by for the sandbox's init.
const InitTasks = initTasks

// Adopt takes the group that somebody else has made for a process, a container's,
// and writes the limits to it, which shows whether they are enforced. The group
// stays its maker's: Delete only ends the use of it.
func Adopt(pid int, limits runtime.ResourceLimits, bestEffort bool) (*Group, error) {
	file := "/proc/" + strconv.Itoa(pid) + "/cgroup"
	paths, unified, err := cgroups.ParseCgroupFileUnified(file)
	if err != nil {
		return nil, fmt.Errorf("looking for the cgroup of process %d: %w", pid, err)
	}
	mountinfo, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("looking for the mounts of cgroups: %w", err)
	}
	p := &Parent{version: version1, places: map[string]string{}, reasons: map[string]error{}}
	l := newLayout(paths, unified, string(mountinfo))
	if cgroups.Mode() == cgroups.Unified {
		p.version = version2
	}
	for _, c := range controllers {
		own, ok := l[c]
		dir := filepath.Join(root, c, own)
		if p.version == version2 {
			own, ok = l[""]
			dir = filepath.Join(root, own)
		}
		if !ok || own == "/" {
			p.reasons[c] = fmt.Errorf("the process has no cgroup of its own of the controller %s (%w)", c, errors.ErrUnsupported)
			continue
		}
		p.places[c] = dir
	}
	g := &Group{parent: p, lenient: bestEffort}
	if g.enforced, err = g.apply(limits.Processes(), limits.Processes()); err != nil {
		return nil, err
	}
	g.limits = limits.Processes()
	g.counters.open(g)
	return g, nil
}

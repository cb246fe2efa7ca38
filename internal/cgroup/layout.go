// SPDX-License-Identifier: MIT

package cgroup

import (
	"path"
	"slices"
	"strings"
)

// root is where the hierarchies are mounted.
const root = "/sys/fs/cgroup"

// limiting are the controllers that limits need. Figures need one more, which
// is of version 1 only: in version 2 every group counts its CPU time.
var (
	limiting    = []string{"memory", "pids", "cpu"}
	controllers = append(limiting[:3:3], "cpuacct")
)

// layout is where this process is in the hierarchies: a path beneath the mount
// of each controller. Version 2 has one hierarchy, under the name "".
type layout map[string]string

// newLayout makes a layout of what /proc/self/cgroup says (see the library's
// ParseCgroupFileUnified) and of /proc/self/mountinfo. In a container the mount
// shows a part of the hierarchy, while the path may be that of the host.
func newLayout(paths map[string]string, unified string, mountinfo string) layout {
	l := layout{}
	for line := range strings.Lines(mountinfo) {
		before, after, ok := strings.Cut(line, " - ")
		fields, super := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(super) < 3 {
			continue
		}
		mountRoot, mountPoint := fields[3], fields[4]
		switch {
		case super[0] == "cgroup2" && mountPoint == root:
			l[""] = beneath(unified, mountRoot)
		case super[0] == "cgroup" && path.Dir(mountPoint) == root:
			options := strings.Split(super[2], ",")
			for _, c := range controllers {
				if own, ok := paths[c]; ok && slices.Contains(options, c) {
					l[c] = beneath(own, mountRoot)
				}
			}
		}
	}
	return l
}

// beneath returns what of a path lies beneath the part of the hierarchy that
// is mounted. A path that is elsewhere is taken to be at its top: a process
// cannot be where its own mount does not reach unless it was moved there.
func beneath(own, mountRoot string) string {
	if mountRoot == "/" {
		return path.Clean("/" + own)
	}
	if rest, ok := strings.CutPrefix(own, mountRoot); ok && (rest == "" || rest[0] == '/') {
		return path.Clean("/" + rest)
	}
	return "/"
}

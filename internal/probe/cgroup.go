// SPDX-License-Identifier: MIT

package probe

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// limiting are the controllers that limits of sandboxes need.
var limiting = []string{"memory", "cpu", "pids"}

// mount is a line of proc_pid_mountinfo(5).
type mount struct {
	root, point, kind string
	options           []string // of the file system
}

// cgroups reads how control groups are mounted and where this process is in
// them. writable reports whether the user may make entries in a directory.
func cgroups(root fs.FS, writable func(dir string) bool) Cgroups {
	var c Cgroups
	var v1 []mount
	var v2 *mount
	for _, m := range mounts(text(root, "proc/self/mountinfo")) {
		switch m.kind {
		case "cgroup":
			v1 = append(v1, m)
		case "cgroup2":
			if v2 == nil {
				v2 = &m
			}
		}
	}
	switch {
	case v2 != nil && len(v1) > 0:
		c.Mode = "hybrid"
	case v2 != nil:
		c.Mode = "unified"
	case len(v1) > 0:
		c.Mode = "legacy"
	}
	own := ownGroups(text(root, "proc/self/cgroup"))
	for _, name := range limiting {
		c.Controllers = append(c.Controllers, controller(root, name, v1, v2, own, writable))
	}
	return c
}

func controller(root fs.FS, name string, v1 []mount, v2 *mount, own map[string]string, writable func(string) bool) Controller {
	for _, m := range v1 {
		if slices.Contains(m.options, name) {
			dir := m.dir(own[name])
			return Controller{Name: name, Dir: dir, Usable: writable(dir)}
		}
	}
	if v2 == nil {
		return Controller{Name: name}
	}
	dir := v2.dir(own[""])
	if !slices.Contains(strings.Fields(text(root, rel(dir)+"/cgroup.controllers")), name) {
		return Controller{Name: name}
	}
	// A group may be made and filled by whom these belong to: cgroups(7),
	// "cgroup delegation".
	usable := writable(dir) && writable(dir+"/cgroup.procs") && writable(dir+"/cgroup.subtree_control")
	return Controller{Name: name, Dir: dir, Usable: usable}
}

// dir is where a group is found beneath a mount.
func (m *mount) dir(group string) string {
	if rest, ok := strings.CutPrefix(group, m.root); ok {
		group = rest
	}
	return path.Join(m.point, group)
}

// ownGroups reads /proc/self/cgroup: the group by controller, that of cgroup v2
// under "".
func ownGroups(list string) map[string]string {
	own := map[string]string{}
	for line := range strings.Lines(list) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) != 3 {
			continue
		}
		for _, name := range strings.Split(f[1], ",") {
			own[name] = f[2]
		}
	}
	return own
}

func mounts(info string) []mount {
	var list []mount
	for line := range strings.Lines(info) {
		before, after, ok := strings.Cut(line, " - ")
		b, a := strings.Fields(before), strings.Fields(after)
		if !ok || len(b) < 5 || len(a) < 3 {
			continue
		}
		list = append(list, mount{root: b[3], point: b[4], kind: a[0], options: strings.Split(a[2], ",")})
	}
	return list
}

// rel is an absolute path as fs.FS wants it.
func rel(path string) string { return strings.TrimPrefix(path, "/") }

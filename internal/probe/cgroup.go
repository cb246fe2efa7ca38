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

// cgroups reads how control groups are mounted and where this process, which is
// user's, could make groups with limits. writable reports whether it may write
// a file or make entries in a directory.
func cgroups(root fs.FS, user int, writable func(path string) bool) Cgroups {
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
	own := ownGroups(text(root, "proc/self/cgroup"))
	switch {
	case len(v1) > 0:
		c.Mode = "legacy"
		if v2 != nil {
			c.Mode = "hybrid"
		}
		for _, name := range limiting {
			c.Controllers = append(c.Controllers, controllerV1(name, v1, own[name], writable))
		}
	case v2 != nil:
		c.Mode = "unified"
		p := placeV2(root, user, v2, own[""], writable)
		c.Occupied = p.occupied
		for _, name := range limiting {
			c.Controllers = append(c.Controllers, p.controller(root, name, writable))
		}
	default:
		for _, name := range limiting {
			c.Controllers = append(c.Controllers, Controller{Name: name})
		}
	}
	return c
}

// controllerV1 is a controller that has a hierarchy of its own, or with a few
// others. Groups are made beneath the process's own, or else at the top.
func controllerV1(name string, v1 []mount, own string, writable func(string) bool) Controller {
	for _, m := range v1 {
		if !slices.Contains(m.options, name) {
			continue
		}
		for _, dir := range []string{m.dir(own), m.point} {
			if writable(dir) {
				return Controller{Name: name, Dir: dir, Usable: true}
			}
		}
		return Controller{Name: name, Dir: m.dir(own)}
	}
	return Controller{Name: name}
}

// place is a group of version 2 beneath which others could be made.
type place struct {
	dir      string
	open     bool // groups in it could have limits
	occupied bool // but for the processes that it holds
}

// placeV2 looks where groups may be made: beneath the process's own group;
// beside it, if it is the child for the process of one that was delegated; as
// root, at the top. A group that holds processes, but for the root of all,
// cannot give its children controllers (cgroups(7), "no internal processes").
func placeV2(root fs.FS, user int, m *mount, own string, writable func(string) bool) place {
	dirs := []string{m.dir(own)}
	if path.Base(own) == "supervisor" || user != 0 && own != "/" && writable(path.Dir(dirs[0])) {
		dirs = append(dirs, path.Dir(dirs[0]))
	}
	if user == 0 {
		dirs = append(dirs, m.point)
	}
	first := place{dir: dirs[0]}
	for _, dir := range dirs {
		if !writable(dir) || !writable(dir+"/cgroup.procs") {
			continue
		}
		if exists(root, rel(dir)+"/cgroup.type") && text(root, rel(dir)+"/cgroup.procs") != "" {
			first.occupied = true
			continue
		}
		return place{dir: dir, open: true}
	}
	return first
}

func (p place) controller(root fs.FS, name string, writable func(string) bool) Controller {
	given := func(file string) bool {
		return slices.Contains(strings.Fields(text(root, rel(p.dir)+"/"+file)), name)
	}
	if !given("cgroup.controllers") {
		return Controller{Name: name}
	}
	usable := p.open && (given("cgroup.subtree_control") || writable(p.dir+"/cgroup.subtree_control"))
	return Controller{Name: name, Dir: p.dir, Usable: usable}
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

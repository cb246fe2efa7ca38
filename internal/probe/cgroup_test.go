// SPDX-License-Identifier: MIT

package probe_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-rls/sandbox/internal/probe"
)

const unifiedMount = "30 24 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"

const userService = "/sys/fs/cgroup/user.slice/user@1000.service/app.slice"

// own are the files of a group.
func own(dir, controllers, processes string) map[string]string {
	return map[string]string{dir[1:] + "/cgroup.controllers": controllers, dir[1:] + "/cgroup.type": "domain\n", dir[1:] + "/cgroup.procs": processes}
}

func with(files ...map[string]string) map[string]string {
	all := map[string]string{"proc/self/mountinfo": unifiedMount}
	for _, f := range files {
		maps.Copy(all, f)
	}
	return all
}

func group(name string) map[string]string {
	return map[string]string{"proc/self/cgroup": "0::" + name + "\n"}
}

// usable are the controllers of a group, of which all are usable or none is.
func usable(dir string, ok bool) []probe.Controller {
	return []probe.Controller{{Name: "memory", Dir: dir, Usable: ok}, {Name: "cpu", Dir: dir, Usable: ok}, {Name: "pids", Dir: dir, Usable: ok}}
}

func TestCgroups(t *testing.T) {
	const top, all = "/sys/fs/cgroup", "cpu memory pids\n"
	for _, c := range []struct {
		name     string
		files    map[string]string
		user     int
		writable []string // what begins with these
		want     probe.Cgroups
	}{
		{
			"unified, beside a supervisor", with(group("/user.slice/user@1000.service/app.slice/supervisor"), own(userService, "memory pids\n", ""), own(userService+"/supervisor", "", "7\n")),
			1000,
			[]string{userService},
			probe.Cgroups{Mode: "unified", Controllers: []probe.Controller{{Name: "memory", Dir: userService, Usable: true}, {Name: "cpu"}, {Name: "pids", Dir: userService, Usable: true}}, Occupied: false},
		},
		{
			"unified, delegated and occupied", with(group("/run.scope"), own(top+"/run.scope", all, "7\n")),
			1000,
			[]string{top + "/run.scope"},
			probe.Cgroups{Mode: "unified", Controllers: usable(top+"/run.scope", false), Occupied: true},
		},
		{
			"unified, and the group is not the user's", with(group("/session.scope"), own(top+"/session.scope", all, "7\n")),
			1000, nil,
			probe.Cgroups{Mode: "unified", Controllers: usable(top+"/session.scope", false)},
		},
		{
			"unified, and only the directory is the user's", with(group("/x"), own(top+"/x", "pids\n", "")),
			1000,
			[]string{top + "/x/cgroup.procs"},
			probe.Cgroups{Mode: "unified", Controllers: []probe.Controller{{Name: "memory"}, {Name: "cpu"}, {Name: "pids", Dir: top + "/x"}}},
		},
		{
			"unified, as root", with(group("/session.scope"), own(top+"/session.scope", all, "7\n"), map[string]string{top[1:] + "/cgroup.controllers": all, top[1:] + "/cgroup.procs": "1\n"}),
			0,
			[]string{top},
			probe.Cgroups{Mode: "unified", Controllers: usable(top, true)},
		},
		{
			"unified, as root in a container", with(group("/"), own(top, all, "1\n")),
			0,
			[]string{top},
			probe.Cgroups{Mode: "unified", Controllers: usable(top, false), Occupied: true},
		},
		{
			"legacy, beneath another's",
			map[string]string{
				"proc/self/mountinfo": "1 2 0:3 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
				"proc/self/cgroup":    "4:memory:/a\n",
			},
			0,
			[]string{"/sys/fs/cgroup/memory"},
			probe.Cgroups{Mode: "legacy", Controllers: []probe.Controller{{Name: "memory", Dir: "/sys/fs/cgroup/memory/a", Usable: true}, {Name: "cpu"}, {Name: "pids"}}},
		},
		{
			"legacy, in a container",
			map[string]string{
				"proc/self/mountinfo": "1 2 0:3 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n4 2 0:5 /docker/abc /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n",
				"proc/self/cgroup":    "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n2:pids:/docker/abc\n",
			},
			1000,
			[]string{"/sys/fs/cgroup/cpu,cpuacct"},
			probe.Cgroups{Mode: "legacy", Controllers: []probe.Controller{{Name: "memory", Dir: "/sys/fs/cgroup/memory"}, {Name: "cpu", Dir: "/sys/fs/cgroup/cpu,cpuacct", Usable: true}, {Name: "pids"}}},
		},
		{
			"hybrid",
			map[string]string{
				"proc/self/mountinfo": "1 2 0:3 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n2 2 0:4 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
				"proc/self/cgroup":    "8:pids:/a/b\n0::/\n", "sys/fs/cgroup/unified/cgroup.controllers": "\n",
			},
			1000,
			[]string{"/sys/fs/cgroup"},
			probe.Cgroups{Mode: "hybrid", Controllers: []probe.Controller{{Name: "memory"}, {Name: "cpu"}, {Name: "pids", Dir: "/sys/fs/cgroup/pids/a/b", Usable: true}}},
		},
		{"none", nil, 1000, []string{"/"}, probe.Cgroups{Controllers: []probe.Controller{{Name: "memory"}, {Name: "cpu"}, {Name: "pids"}}}},
		{
			"nonsense",
			map[string]string{"proc/self/mountinfo": "1 2\n - cgroup2\nx - y\n", "proc/self/cgroup": "1\n::\n"},
			1000, nil,
			probe.Cgroups{Controllers: []probe.Controller{{Name: "memory"}, {Name: "cpu"}, {Name: "pids"}}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := probe.ReadCgroups(tree(c.files), c.user, func(dir string) bool {
				for _, w := range c.writable {
					if strings.HasPrefix(dir, w) {
						return true
					}
				}
				return false
			})
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// SPDX-License-Identifier: MIT

package probe_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-rls/sandbox/internal/probe"
)

const unifiedMount = "30 24 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"

const userService = "/sys/fs/cgroup/user.slice/user@1000.service/app.slice"

func TestCgroups(t *testing.T) {
	for _, c := range []struct {
		name     string
		files    map[string]string
		writable []string // what begins with these
		want     probe.Cgroups
	}{
		{
			"unified and delegated",
			map[string]string{
				"proc/self/mountinfo": unifiedMount, "proc/self/cgroup": "0::/user.slice/user@1000.service/app.slice\n",
				userService[1:] + "/cgroup.controllers": "memory pids\n",
			},
			[]string{userService},
			probe.Cgroups{Mode: "unified", Controllers: []probe.Controller{{Name: "memory", Dir: userService, Usable: true}, {Name: "cpu"}, {Name: "pids", Dir: userService, Usable: true}}},
		},
		{
			"unified, and the group is not the user's",
			map[string]string{
				"proc/self/mountinfo": unifiedMount, "proc/self/cgroup": "0::/session.scope\n",
				"sys/fs/cgroup/session.scope/cgroup.controllers": "cpu memory pids\n",
			},
			nil,
			probe.Cgroups{Mode: "unified", Controllers: []probe.Controller{
				{Name: "memory", Dir: "/sys/fs/cgroup/session.scope"}, {Name: "cpu", Dir: "/sys/fs/cgroup/session.scope"}, {Name: "pids", Dir: "/sys/fs/cgroup/session.scope"},
			}},
		},
		{
			"unified, and only the directory is the user's",
			map[string]string{
				"proc/self/mountinfo": unifiedMount, "proc/self/cgroup": "0::/x\n", "sys/fs/cgroup/x/cgroup.controllers": "pids\n",
			},
			[]string{"/sys/fs/cgroup/x/cgroup.procs"},
			probe.Cgroups{Mode: "unified", Controllers: []probe.Controller{{Name: "memory"}, {Name: "cpu"}, {Name: "pids", Dir: "/sys/fs/cgroup/x"}}},
		},
		{
			"legacy, in a container",
			map[string]string{
				"proc/self/mountinfo": "1 2 0:3 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n4 2 0:5 /docker/abc /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n",
				"proc/self/cgroup":    "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n2:pids:/docker/abc\n",
			},
			[]string{"/sys/fs/cgroup/cpu,cpuacct"},
			probe.Cgroups{Mode: "legacy", Controllers: []probe.Controller{{Name: "memory", Dir: "/sys/fs/cgroup/memory"}, {Name: "cpu", Dir: "/sys/fs/cgroup/cpu,cpuacct", Usable: true}, {Name: "pids"}}},
		},
		{
			"hybrid",
			map[string]string{
				"proc/self/mountinfo": "1 2 0:3 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n2 2 0:4 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
				"proc/self/cgroup":    "8:pids:/a/b\n0::/\n", "sys/fs/cgroup/unified/cgroup.controllers": "\n",
			},
			[]string{"/sys/fs/cgroup"},
			probe.Cgroups{Mode: "hybrid", Controllers: []probe.Controller{{Name: "memory"}, {Name: "cpu"}, {Name: "pids", Dir: "/sys/fs/cgroup/pids/a/b", Usable: true}}},
		},
		{"none", nil, []string{"/"}, probe.Cgroups{Controllers: []probe.Controller{{Name: "memory"}, {Name: "cpu"}, {Name: "pids"}}}},
		{
			"nonsense",
			map[string]string{"proc/self/mountinfo": "1 2\n - cgroup2\nx - y\n", "proc/self/cgroup": "1\n::\n"},
			nil,
			probe.Cgroups{Controllers: []probe.Controller{{Name: "memory"}, {Name: "cpu"}, {Name: "pids"}}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := probe.ReadCgroups(tree(c.files), func(dir string) bool {
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

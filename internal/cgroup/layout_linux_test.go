// SPDX-License-Identifier: MIT

package cgroup

import (
	"strings"
	"testing"

	"github.com/containerd/cgroups/v3"
	"github.com/google/go-cmp/cmp"
)

func TestLayout(t *testing.T) {
	for name, c := range map[string]struct {
		cgroup, mountinfo string
		want              layout
	}{
		"version 2, systemd": {
			"0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-1.scope\n",
			"30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n",
			layout{"": "/user.slice/user-1000.slice/user@1000.service/app.slice/run-1.scope"},
		},
		"version 2, container": {
			"0::/\n",
			"30 23 0:26 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw\n",
			layout{"": "/"},
		},
		"version 2, container with the host's cgroup namespace": {
			"0::/system.slice/docker-12.scope\n",
			"30 23 0:26 /system.slice/docker-12.scope /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
			layout{"": "/"},
		},
		"version 1, joint mounts": {
			"5:cpu,cpuacct:/a\n4:memory:/a/b\n3:pids:/\n1:name=systemd:/x\n",
			`31 24 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
32 24 0:28 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory
33 24 0:29 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
34 24 0:30 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd
35 24 0:31 / /mnt/cpuset rw - cgroup cgroup rw,cpuset
`,
			layout{"cpu": "/a", "cpuacct": "/a", "memory": "/a/b", "pids": "/"},
		},
		"hybrid": {
			"4:memory:/a\n2:pids:/\n0::/init\n",
			"32 24 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n" +
				"36 24 0:32 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
			layout{"memory": "/a"},
		},
		"version 1, container": {
			"4:memory:/docker/12/inner\n3:pids:/docker/123\n",
			"32 24 0:28 /docker/12 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n" +
				"33 24 0:29 /docker/12 /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids\n",
			layout{"memory": "/inner", "pids": "/"},
		},
		"none":   {"", "22 1 0:20 / /proc rw - proc proc rw\n", layout{}},
		"broken": {"", "22\n - \n1 2 3 4 5 -\n1 2 3 / /sys/fs/cgroup rw - cgroup2\n", layout{}},
	} {
		paths, unified, err := cgroups.ParseCgroupFromReaderUnified(strings.NewReader(c.cgroup))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, newLayout(paths, unified, c.mountinfo)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

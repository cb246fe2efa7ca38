// SPDX-License-Identifier: MIT

package probe_test

import (
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/sandbox-rls/sandbox/internal/probe"
)

// FuzzMachine reads files of any machine: what is told of it was in them, and a
// place for groups is one that may be written.
func FuzzMachine(f *testing.F) {
	f.Add("Seccomp:\t2\nNoNewPrivs:\t1\nCapEff:\t000001ffffffffff\n", "0::/user.slice\n", unifiedMount, "nodev\ttmpfs\n\next4\n")
	f.Add("Seccomp: 99999999999999999999\nCapEff:\tx", "5:memory,cpu:/a\n:::\n4:pids:/../..\n", "1 2 3 / /sys/fs/cgroup/memory rw - cgroup c rw,memory,cpu\n", "")
	f.Add("", "", " - \n - - -\n1 2 3 4 5 6 - cgroup2 \\040 x", " \t\n")
	f.Fuzz(func(t *testing.T, status, groups, mountinfo, filesystems string) {
		root := fstest.MapFS{}
		for name, text := range map[string]string{"proc/self/status": status, "proc/self/cgroup": groups, "proc/self/mountinfo": mountinfo, "proc/filesystems": filesystems} {
			root[name] = &fstest.MapFile{Data: []byte(text)}
		}
		facts := probe.Machine(root)
		for _, name := range facts.Filesystems {
			if name == "" || !strings.Contains(filesystems, name) {
				t.Errorf("%q is in %q", name, filesystems)
			}
		}
		asked := map[string]bool{}
		c := probe.ReadCgroups(root, 0, func(path string) bool { asked[path] = true; return true })
		if len(c.Controllers) != 3 {
			t.Errorf("%+v", c)
		}
		for _, one := range c.Controllers {
			if one.Usable && (one.Dir == "" || !asked[one.Dir] && !asked[path.Join(one.Dir, "cgroup.procs")]) {
				t.Errorf("nobody asked whether %q may be written", one.Dir)
			}
		}
	})
}

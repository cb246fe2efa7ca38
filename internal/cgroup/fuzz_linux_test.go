// SPDX-License-Identifier: MIT

package cgroup

import (
	"path"
	"strconv"
	"strings"
	"testing"
)

// FuzzLayout reads what /proc says of any kernel: what comes of it can be joined to
// the mount, and stays beneath it.
func FuzzLayout(f *testing.F) {
	const v1 = "33 24 0:29 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n"
	f.Add(v1+"40 24 0:30 /docker/x /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n", "/docker/x/y", "")
	f.Add("30 24 0:26 /.. /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n", "/../../x", "/../outside")
	f.Add("a - b - c\n - \n1 2 3 4 5 - cgroup2\n", "", "x")
	f.Fuzz(func(t *testing.T, mountinfo, own, unified string) {
		paths := map[string]string{"memory": own, "cpu": own, "pids": own + "/x"}
		for name, p := range newLayout(paths, unified, mountinfo) {
			if !path.IsAbs(p) || path.Clean(p) != p {
				t.Errorf("%q is at %q", name, p)
			}
		}
	})
}

// FuzzNumber reads files of numbers.
func FuzzNumber(f *testing.F) {
	f.Add([]byte("oom 1\noom_kill 3\n"), "oom_kill")
	f.Add([]byte("42\n"), "")
	f.Add([]byte("max 18446744073709551616\n\x00"), "max")
	f.Fuzz(func(t *testing.T, data []byte, key string) {
		n := number(data, key)
		if n != 0 && n != 1<<64-1 && !strings.Contains(string(data), strconv.FormatUint(n, 10)) {
			t.Errorf("%d is not in %q", n, data)
		}
	})
}

// FuzzIsName asks that nothing else is taken for a directory that may be removed.
func FuzzIsName(f *testing.F) {
	f.Add("sandbox-0123456789abcdef")
	f.Add("sandbox-../../../../etc")
	f.Fuzz(func(t *testing.T, name string) {
		if isName(name) && (len(name) != len(prefix)+16 || strings.ContainsAny(name, "/.\x00")) {
			t.Errorf("%q is taken for ours", name)
		}
	})
}

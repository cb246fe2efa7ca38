// SPDX-License-Identifier: MIT

package cgroup

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// CPUQuota returns how many cores this process may use at a time by the quotas of its
// cgroups, cpu.max or, in version 1, cpu.cfs_quota_us: +Inf when there are none, or none
// that can be seen.
func CPUQuota() float64 {
	l, err := inspect()
	if err != nil {
		return math.Inf(1)
	}
	return l.cpuQuota(root)
}

// cpuQuota looks for quotas beneath the directory where the hierarchies are mounted.
func (l layout) cpuQuota(root string) float64 {
	least := math.Inf(1)
	for _, h := range []struct {
		controller string
		quota      func(dir string) float64
	}{{"", quotaV2}, {"cpu", quotaV1}} {
		own, ok := l[h.controller]
		for ; ok; own = filepath.Dir(own) {
			least = min(least, h.quota(filepath.Join(root, h.controller, own)))
			ok = own != "/"
		}
	}
	return least
}

// quotaV2 reads a quota and its period, both in microseconds.
func quotaV2(dir string) float64 {
	data, _ := os.ReadFile(filepath.Join(dir, "cpu.max"))
	f := append(strings.Fields(string(data)), "", "")
	return quota(f[0], f[1])
}

func quotaV1(dir string) float64 {
	of, _ := os.ReadFile(filepath.Join(dir, "cpu.cfs_quota_us"))
	period, _ := os.ReadFile(filepath.Join(dir, "cpu.cfs_period_us"))
	return quota(strings.TrimSpace(string(of)), strings.TrimSpace(string(period)))
}

// quota is +Inf for "max" and -1, which say that there is none, and for what cannot be
// read: in version 2 the root has no such file.
func quota(of, period string) float64 {
	n, err := strconv.ParseInt(of, 10, 64)
	p, perr := strconv.ParseInt(period, 10, 64)
	if err != nil || perr != nil || n < 0 || p <= 0 {
		return math.Inf(1)
	}
	return float64(n) / float64(p)
}

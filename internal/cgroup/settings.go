// SPDX-License-Identifier: MIT

package cgroup

import (
	"math"
	"strconv"

	"github.com/sandbox-rls/sandbox/runtime"
)

// initTasks is what is added to a limit of processes for the sandbox's init:
// its threads are tasks as well, and an init that cannot make one dies.
const initTasks = 8

// setting is a value to write into a file of a group.
type setting struct {
	resource   runtime.Resource
	controller string
	file       string
	value      string
	optional   bool // the file may be missing
}

// controllerOf names what enforces a resource.
var controllerOf = map[runtime.Resource]string{
	runtime.Memory: "memory", runtime.CPUQuota: "cpu", runtime.CPUShares: "cpu", runtime.Pids: "pids",
}

// settingsV1 are the values that turn one set of limits into another, in the
// order in which they can be written. See the kernel's
// Documentation/admin-guide/cgroup-v1.
func settingsV1(from, to runtime.ResourceLimits) []setting {
	memory := setting{runtime.Memory, "memory", "memory.limit_in_bytes", orNone(to.MemoryBytes, "-1"), false}
	// Memory and swap together, which may never be less than memory alone. It
	// is not there unless the kernel accounts for swap.
	swap := setting{runtime.Memory, "memory", "memory.memsw.limit_in_bytes", orNone(to.MemoryBytes, "-1"), true}
	list := []setting{memory, swap}
	if unlimited(to.MemoryBytes) > unlimited(from.MemoryBytes) {
		list = []setting{swap, memory}
	}
	return append(list,
		setting{runtime.CPUQuota, "cpu", "cpu.cfs_period_us", strconv.Itoa(runtime.CPUPeriod), to.CPUQuota == 0},
		setting{runtime.CPUQuota, "cpu", "cpu.cfs_quota_us", orNone(to.CPUQuota, "-1"), to.CPUQuota == 0},
		setting{runtime.CPUShares, "cpu", "cpu.shares", strconv.FormatUint(sharesOf(to), 10), to.CPUShares == 0},
		setting{runtime.Pids, "pids", "pids.max", pidsMax(to), to.PidsLimit == 0},
	)
}

// settingsV2 are the values for a set of limits. See the kernel's
// Documentation/admin-guide/cgroup-v2.rst.
func settingsV2(_, to runtime.ResourceLimits) []setting {
	swap := "max"
	if to.MemoryBytes > 0 {
		swap = "0"
	}
	return []setting{
		{runtime.Memory, "memory", "memory.swap.max", swap, true},
		{runtime.Memory, "memory", "memory.max", orNone(to.MemoryBytes, "max"), to.MemoryBytes == 0},
		{runtime.CPUQuota, "cpu", "cpu.max", orNone(to.CPUQuota, "max") + " " + strconv.Itoa(runtime.CPUPeriod), to.CPUQuota == 0},
		{runtime.CPUShares, "cpu", "cpu.weight", strconv.FormatUint(weight(sharesOf(to)), 10), to.CPUShares == 0},
		{runtime.Pids, "pids", "pids.max", pidsMax(to), to.PidsLimit == 0},
	}
}

func orNone(limit int64, none string) string {
	if limit == 0 {
		return none
	}
	return strconv.FormatInt(limit, 10)
}

func unlimited(limit int64) int64 {
	if limit == 0 {
		return math.MaxInt64
	}
	return limit
}

func pidsMax(l runtime.ResourceLimits) string {
	if l.PidsLimit == 0 {
		return "max"
	}
	return strconv.FormatInt(l.PidsLimit+min(initTasks, math.MaxInt64-l.PidsLimit), 10)
}

func sharesOf(l runtime.ResourceLimits) uint64 {
	if l.CPUShares == 0 {
		return runtime.DefaultCPUShares
	}
	return l.CPUShares
}

// weight turns cpu.shares into cpu.weight so that the least, the default and
// the most of the one are those of the other: 2, 1024 and 262144 are 1, 100
// and 10000. Between them the exponent of 10 is the quadratic function of the
// exponent of 2 that goes through the three.
func weight(shares uint64) uint64 {
	e := math.Log2(float64(min(max(shares, 2), 1<<18)))
	w := math.Pow(10, (e*e+125*e)/612-7.0/34)
	return min(max(uint64(math.Ceil(w-1e-9)), 1), 10000)
}

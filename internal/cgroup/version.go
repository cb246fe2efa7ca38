// SPDX-License-Identifier: MIT

package cgroup

import (
	"bytes"
	"strconv"
	"time"

	"github.com/sandbox-rls/sandbox/runtime"
)

// version is what differs between the versions of cgroups.
type version struct {
	name     string
	settings func(from, to runtime.ResourceLimits) []setting
	figures  []figure
	// oom and pids count what limits did.
	oom, pids counter
}

// figure is a number of a group, and where it goes.
type figure struct {
	controller, file, key string // without a key the file holds nothing else
	unit                  time.Duration
	duration              func(*runtime.Usage) *time.Duration
	count                 func(*runtime.Usage) *int64
	periods               func(*runtime.Usage) *uint64
}

// counter is a number that only grows.
type counter struct{ controller, file, key string }

var (
	cpu       = func(u *runtime.Usage) *time.Duration { return &u.CPU }
	cpuUser   = func(u *runtime.Usage) *time.Duration { return &u.CPUUser }
	cpuSystem = func(u *runtime.Usage) *time.Duration { return &u.CPUSystem }
	throttled = func(u *runtime.Usage) *time.Duration { return &u.Throttled }
	periods   = func(u *runtime.Usage) *uint64 { return &u.ThrottledPeriods }
	memory    = func(u *runtime.Usage) *int64 { return &u.Memory }
	peak      = func(u *runtime.Usage) *int64 { return &u.MemoryPeak }
	pids      = func(u *runtime.Usage) *int64 { return &u.Pids }
)

var version1 = &version{
	name:     "cgroup v1",
	settings: settingsV1,
	figures: []figure{
		{controller: "cpuacct", file: "cpuacct.usage", unit: time.Nanosecond, duration: cpu},
		{controller: "cpuacct", file: "cpuacct.usage_user", unit: time.Nanosecond, duration: cpuUser},
		{controller: "cpuacct", file: "cpuacct.usage_sys", unit: time.Nanosecond, duration: cpuSystem},
		{controller: "cpu", file: "cpu.stat", key: "throttled_time", unit: time.Nanosecond, duration: throttled},
		{controller: "cpu", file: "cpu.stat", key: "nr_throttled", periods: periods},
		{controller: "memory", file: "memory.usage_in_bytes", count: memory},
		{controller: "memory", file: "memory.max_usage_in_bytes", count: peak},
		{controller: "pids", file: "pids.current", count: pids},
	},
	oom:  counter{"memory", "memory.oom_control", "oom_kill"},
	pids: counter{"pids", "pids.events", "max"},
}

var version2 = &version{
	name:     "cgroup v2",
	settings: settingsV2,
	figures: []figure{
		{controller: "cpuacct", file: "cpu.stat", key: "usage_usec", unit: time.Microsecond, duration: cpu},
		{controller: "cpuacct", file: "cpu.stat", key: "user_usec", unit: time.Microsecond, duration: cpuUser},
		{controller: "cpuacct", file: "cpu.stat", key: "system_usec", unit: time.Microsecond, duration: cpuSystem},
		{controller: "cpu", file: "cpu.stat", key: "throttled_usec", unit: time.Microsecond, duration: throttled},
		{controller: "cpu", file: "cpu.stat", key: "nr_throttled", periods: periods},
		{controller: "memory", file: "memory.current", count: memory},
		{controller: "memory", file: "memory.peak", count: peak},
		{controller: "pids", file: "pids.current", count: pids},
	},
	oom:  counter{"memory", "memory.events", "oom_kill"},
	pids: counter{"pids", "pids.events", "max"},
}

// put puts a number where it belongs.
func (f *figure) put(u *runtime.Usage, n uint64) {
	switch {
	case f.duration != nil:
		*f.duration(u) = time.Duration(n) * f.unit
	case f.count != nil:
		*f.count(u) = int64(n)
	case f.periods != nil:
		*f.periods(u) = n
	}
}

// number finds the number of a key in a file of lines like "key 42", or, with
// no key, the one number that the file holds. What is not there is 0.
func number(data []byte, key string) uint64 {
	for line := range bytes.Lines(data) {
		fields := bytes.Fields(line)
		if key == "" && len(fields) == 1 || len(fields) == 2 && string(fields[0]) == key {
			n, _ := strconv.ParseUint(string(fields[len(fields)-1]), 10, 64)
			return n
		}
	}
	return 0
}

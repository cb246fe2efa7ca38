// SPDX-License-Identifier: MIT

package cgroup

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-rls/sandbox/runtime"
)

func print(list []setting) string {
	var b strings.Builder
	for _, s := range list {
		optional := ""
		if s.optional {
			optional = "?"
		}
		fmt.Fprintf(&b, "%s%s=%s ", s.file, optional, s.value)
	}
	return strings.TrimSpace(b.String())
}

func TestSettings(t *testing.T) {
	none := runtime.ResourceLimits{}
	all := runtime.ResourceLimits{MemoryBytes: 64 << 20, CPUQuota: 50_000, CPUShares: 2048, PidsLimit: 20}
	less := runtime.ResourceLimits{MemoryBytes: 32 << 20, PidsLimit: 1<<63 - 1}
	for name, c := range map[string]struct {
		make     func(from, to runtime.ResourceLimits) []setting
		from, to runtime.ResourceLimits
		want     string
	}{
		"v1, new": {settingsV1, none, all, "memory.limit_in_bytes=67108864 memory.memsw.limit_in_bytes?=67108864 " +
			"cpu.cfs_period_us=100000 cpu.cfs_quota_us=50000 cpu.shares=2048 pids.max=28"},
		"v1, less": {settingsV1, all, less, "memory.limit_in_bytes=33554432 memory.memsw.limit_in_bytes?=33554432 " +
			"cpu.cfs_period_us?=100000 cpu.cfs_quota_us?=-1 cpu.shares?=1024 pids.max=9223372036854775807"},
		"v1, more": {settingsV1, less, all, "memory.memsw.limit_in_bytes?=67108864 memory.limit_in_bytes=67108864 " +
			"cpu.cfs_period_us=100000 cpu.cfs_quota_us=50000 cpu.shares=2048 pids.max=28"},
		"v1, lifted": {settingsV1, all, none, "memory.memsw.limit_in_bytes?=-1 memory.limit_in_bytes=-1 " +
			"cpu.cfs_period_us?=100000 cpu.cfs_quota_us?=-1 cpu.shares?=1024 pids.max?=max"},
		"v2, new":    {settingsV2, none, all, "memory.swap.max?=0 memory.max=67108864 cpu.max=50000 100000 cpu.weight=174 pids.max=28"},
		"v2, lifted": {settingsV2, all, none, "memory.swap.max?=max memory.max?=max cpu.max?=max 100000 cpu.weight?=100 pids.max?=max"},
	} {
		if d := cmp.Diff(c.want, print(c.make(c.from, c.to))); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestWeight(t *testing.T) {
	for shares, want := range map[uint64]uint64{0: 1, 2: 1, 1024: 100, 1 << 18: 10000, 1 << 40: 10000} {
		if got := weight(shares); got != want {
			t.Errorf("shares %d: got %d, want %d", shares, got, want)
		}
	}
	for s := uint64(3); s < 1<<18; s += 7 {
		if weight(s) < weight(s-1) {
			t.Fatalf("the weight of %d is less than that of %d", s, s-1)
		}
	}
}

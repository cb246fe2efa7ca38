// SPDX-License-Identifier: MIT

package runtime_test

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/sandbox-rls/sandbox/runtime"
)

func TestResourceLimitsValidate(t *testing.T) {
	for name, c := range map[string]struct {
		limits runtime.ResourceLimits
		valid  bool
	}{
		"none":             {runtime.ResourceLimits{}, true},
		"all":              {runtime.ResourceLimits{MemoryBytes: 64 << 20, CPUQuota: 50_000, CPUShares: 512, PidsLimit: 10, DiskBytes: 1 << 30}, true},
		"the least":        {runtime.ResourceLimits{MemoryBytes: 16 << 20, CPUQuota: 1000, CPUShares: 2, PidsLimit: 1, DiskBytes: 1 << 20}, true},
		"the most shares":  {runtime.ResourceLimits{CPUShares: 262_144}, true},
		"memory":           {runtime.ResourceLimits{MemoryBytes: 16<<20 - 1}, false},
		"negative memory":  {runtime.ResourceLimits{MemoryBytes: -1}, false},
		"quota":            {runtime.ResourceLimits{CPUQuota: 999}, false},
		"negative quota":   {runtime.ResourceLimits{CPUQuota: -1}, false},
		"one share":        {runtime.ResourceLimits{CPUShares: 1}, false},
		"too many shares":  {runtime.ResourceLimits{CPUShares: 262_145}, false},
		"negative pids":    {runtime.ResourceLimits{PidsLimit: -1}, false},
		"disk":             {runtime.ResourceLimits{DiskBytes: 1<<20 - 1}, false},
		"negative of disk": {runtime.ResourceLimits{DiskBytes: -1 << 40}, false},
	} {
		err := c.limits.Validate()
		if (err == nil) != c.valid || err != nil && !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestResourceLimitsInSpec(t *testing.T) {
	spec := runtime.NewSpec(runtime.SpecOptions{Resources: runtime.ResourceLimits{DiskBytes: 1 << 30}})
	if spec.Linux.Resources != nil {
		t.Errorf("a disk limit gives resources: %+v", spec.Linux.Resources)
	}
	memory, quota, shares, pids, period := int64(1<<30), int64(50_000), uint64(512), int64(10), uint64(100_000)
	for name, c := range map[string]struct {
		limits runtime.ResourceLimits
		want   specs.LinuxResources
	}{
		"memory": {runtime.ResourceLimits{MemoryBytes: memory}, specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: &memory, Swap: &memory}}},
		"quota":  {runtime.ResourceLimits{CPUQuota: quota}, specs.LinuxResources{CPU: &specs.LinuxCPU{Quota: &quota, Period: &period}}},
		"shares": {runtime.ResourceLimits{CPUShares: shares}, specs.LinuxResources{CPU: &specs.LinuxCPU{Shares: &shares}}},
		"pids":   {runtime.ResourceLimits{PidsLimit: pids}, specs.LinuxResources{Pids: &specs.LinuxPids{Limit: &pids}}},
	} {
		got := runtime.NewSpec(runtime.SpecOptions{Resources: c.limits}).Linux.Resources
		if d := cmp.Diff(&c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
		if back := runtime.LimitsOf(got); back != c.limits {
			t.Errorf("%s: back are %+v", name, back)
		}
	}
}

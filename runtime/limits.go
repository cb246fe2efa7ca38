// SPDX-License-Identifier: MIT

package runtime

import (
	"fmt"
	"io/fs"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// CPUPeriod is the period of ResourceLimits.CPUQuota, in microseconds.
const CPUPeriod = 100_000

// DefaultCPUShares is the weight of what has none of its own.
const DefaultCPUShares = 1024

// The least that a limit can be. The sandbox's init has to fit in as well.
const (
	MinMemoryBytes = 16 << 20
	MinCPUQuota    = 1000 // the kernel's own
	MinPidsLimit   = 1
	MinDiskBytes   = 1 << 20
)

// The bounds of CPUShares are those of cpu.shares.
const (
	minCPUShares = 2
	maxCPUShares = 1 << 18
)

// ResourceLimits bounds what all processes of a sandbox use together. A field
// that is zero sets no limit. See cgroups(7), and docs/limits.md for what
// each limit counts.
type ResourceLimits struct {
	// MemoryBytes bounds the memory: of processes, of what they write to /tmp,
	// /dev/shm and their home, and of the page cache that they fill. Swap is
	// not used beyond it. When it is reached and nothing can be reclaimed, the
	// kernel kills a process of the sandbox. At least MinMemoryBytes.
	MemoryBytes int64 `json:"memory_bytes,omitempty"`
	// CPUQuota bounds the CPU time, in microseconds of each 100 ms: 50,000 is
	// half a core, 200,000 are two. At least MinCPUQuota.
	CPUQuota int64 `json:"cpu_quota,omitempty"`
	// CPUShares weighs the sandbox against others where CPU time is scarce,
	// from 2 to 262,144. What has no weight has DefaultCPUShares.
	CPUShares uint64 `json:"cpu_shares,omitempty"`
	// PidsLimit bounds the number of processes and threads. When it is reached
	// fork(2) and clone(2) fail with EAGAIN.
	PidsLimit int64 `json:"pids_limit,omitempty"`
	// DiskBytes bounds what the sandbox's changes take on disk. When it is
	// reached, writing fails with ENOSPC. At least MinDiskBytes.
	DiskBytes int64 `json:"disk_bytes,omitempty"`
}

// Validate reports the first limit that makes no sense. The error matches
// fs.ErrInvalid.
func (l ResourceLimits) Validate() error {
	for _, c := range []struct {
		name         string
		value, least int64
	}{
		{"memory limit", l.MemoryBytes, MinMemoryBytes},
		{"CPU quota", l.CPUQuota, MinCPUQuota},
		{"limit of processes", l.PidsLimit, MinPidsLimit},
		{"disk limit", l.DiskBytes, MinDiskBytes},
	} {
		if c.value != 0 && c.value < c.least {
			return fmt.Errorf("a %s of %d is less than %d: %w", c.name, c.value, c.least, fs.ErrInvalid)
		}
	}
	if l.CPUShares != 0 && (l.CPUShares < minCPUShares || l.CPUShares > maxCPUShares) {
		return fmt.Errorf("CPU shares of %d are not between %d and %d: %w", l.CPUShares, minCPUShares, maxCPUShares, fs.ErrInvalid)
	}
	return nil
}

// List names the resources that are limited.
func (l ResourceLimits) List() []Resource {
	var list []Resource
	for _, c := range []struct {
		resource Resource
		limited  bool
	}{
		{Memory, l.MemoryBytes > 0},
		{CPUQuota, l.CPUQuota > 0},
		{CPUShares, l.CPUShares > 0},
		{Pids, l.PidsLimit > 0},
		{Disk, l.DiskBytes > 0},
	} {
		if c.limited {
			list = append(list, c.resource)
		}
	}
	return list
}

// Processes are the limits without that of the disk: those that a runtime
// enforces. The disk's belongs to the layer that the sandbox writes.
func (l ResourceLimits) Processes() ResourceLimits {
	l.DiskBytes = 0
	return l
}

// Resources are the limits in the terms of the OCI runtime specification; nil
// when there are none. Memory and swap together are bounded by the memory
// limit: no swap is used beyond it.
func (l ResourceLimits) Resources() *specs.LinuxResources {
	if l.Processes() == (ResourceLimits{}) {
		return nil
	}
	r := &specs.LinuxResources{}
	if l.MemoryBytes > 0 {
		r.Memory = &specs.LinuxMemory{Limit: &l.MemoryBytes, Swap: &l.MemoryBytes}
	}
	if l.CPUQuota > 0 || l.CPUShares > 0 {
		r.CPU = &specs.LinuxCPU{}
	}
	if l.CPUQuota > 0 {
		period := uint64(CPUPeriod)
		r.CPU.Quota, r.CPU.Period = &l.CPUQuota, &period
	}
	if l.CPUShares > 0 {
		r.CPU.Shares = &l.CPUShares
	}
	if l.PidsLimit > 0 {
		r.Pids = &specs.LinuxPids{Limit: &l.PidsLimit}
	}
	return r
}

// LimitsOf returns the limits that Resources has put into a spec.
func LimitsOf(r *specs.LinuxResources) ResourceLimits {
	var l ResourceLimits
	if r == nil {
		return l
	}
	if m := r.Memory; m != nil && m.Limit != nil {
		l.MemoryBytes = *m.Limit
	}
	if c := r.CPU; c != nil && c.Quota != nil {
		l.CPUQuota = *c.Quota
	}
	if c := r.CPU; c != nil && c.Shares != nil {
		l.CPUShares = *c.Shares
	}
	if p := r.Pids; p != nil && p.Limit != nil {
		l.PidsLimit = *p.Limit
	}
	return l
}

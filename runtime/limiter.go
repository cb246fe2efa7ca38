// SPDX-License-Identifier: MIT

package runtime

import "time"

// Resource names one of the limits of ResourceLimits.
type Resource string

// The resources.
const (
	Memory    Resource = "memory"
	CPUQuota  Resource = "cpu quota"
	CPUShares Resource = "cpu shares"
	Pids      Resource = "pids"
	Disk      Resource = "disk"
)

// Enforcement says what came of a limit that was asked for.
type Enforcement struct {
	Resource Resource `json:"resource"`
	// By is what enforces it, such as "cgroup v2"; "" when nothing does.
	By string `json:"by,omitempty"`
	// Reason says why nothing enforces it, and what would help.
	Reason string `json:"reason,omitempty"`
}

// Usage is what a sandbox uses. All but the disk's figures need a cgroup,
// which a sandbox has when it was started with a limit of anything but disk.
type Usage struct {
	// Counted says that there is such a cgroup; without one the figures up to
	// PidsRefused are zero.
	Counted bool `json:"counted"`
	// CPU is the CPU time since the start; user and system time make it up.
	CPU       time.Duration `json:"cpu"`
	CPUUser   time.Duration `json:"cpu_user"`
	CPUSystem time.Duration `json:"cpu_system"`
	// Throttled is how long processes had to wait because of the CPU quota,
	// ThrottledPeriods in how many periods of 100 ms.
	Throttled        time.Duration `json:"throttled"`
	ThrottledPeriods uint64        `json:"throttled_periods"`
	// Memory is what is used now and MemoryPeak the most since the start, in bytes.
	// MemoryPeak is 0 where the kernel does not keep it (cgroup v2 before 5.19).
	Memory     int64 `json:"memory"`
	MemoryPeak int64 `json:"memory_peak"`
	// Pids are the processes and threads there are now, the init's included.
	Pids int64 `json:"pids"`
	Events
	// Disk is what the sandbox's changes take on disk, in bytes; Files is their
	// number, directories included.
	Disk  int64 `json:"disk"`
	Files int64 `json:"files"`
}

// Events count what limits have done to a sandbox since its start.
type Events struct {
	// OOMKills are the processes killed for want of memory.
	OOMKills uint64 `json:"oom_kills"`
	// PidsRefused are the processes and threads that were not made, because
	// the limit was reached.
	PidsRefused uint64 `json:"pids_refused"`
}

// Limits hold the processes of an instance to what they may use. All methods
// may be called concurrently.
type Limits interface {
	// Enforced says what came of each limit that was asked for.
	Enforced() []Enforcement
	// Update replaces the limits. It is all or nothing, as far as the kernel
	// lets what was changed be changed back. A sandbox that was started without
	// any limit cannot be given one (ErrUnsupported).
	Update(limits ResourceLimits) error
	// Usage returns the figures, all but those of the disk.
	Usage() (Usage, error)
	// Events returns the counters. It is cheap. Without a cgroup, or when the
	// sandbox has ended, they are zero.
	Events() Events
}

// SPDX-License-Identifier: MIT

package main

import (
	"math"

	"github.com/spf13/cobra"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/internal/size"
)

// limitFlags are the flags that bound what a sandbox uses.
type limitFlags struct {
	memory, disk size.Size
	cpus         float64
	pids         int64
}

func (f *limitFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.Var(&f.memory, "memory", "memory of all its processes together, such as 512M or 2G")
	fs.Float64Var(&f.cpus, "cpus", 0, "processor time, in cores: 0.5 is half a core")
	fs.Int64Var(&f.pids, "pids", 0, "processes and threads")
	fs.Var(&f.disk, "disk", "what its changes may take on disk, such as 1G")
	for _, name := range []string{"memory", "cpus", "pids", "disk"} {
		_ = cmd.RegisterFlagCompletionFunc(name, words())
	}
}

// limits are those that the flags ask for.
func (f *limitFlags) limits() (sandbox.ResourceLimits, error) {
	const (
		period      = 100_000 // µs, which a quota is of
		least, most = 0.01, 1 << 16
	)
	if f.cpus != 0 && !(f.cpus >= least && f.cpus <= most) { // also what is no number
		return sandbox.ResourceLimits{}, usagef("--cpus %v: want %v to %d cores", f.cpus, least, most)
	}
	l := sandbox.ResourceLimits{MemoryBytes: int64(f.memory), DiskBytes: int64(f.disk), PidsLimit: f.pids, CPUQuota: int64(math.Round(f.cpus * period))}
	if err := l.Validate(); err != nil {
		return l, usageError{err}
	}
	return l, nil
}

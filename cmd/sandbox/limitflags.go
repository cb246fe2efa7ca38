// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sandbox-rls/sandbox"
)

// limitFlags are the flags that bound what a sandbox uses.
type limitFlags struct {
	memory, disk size
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
	const period = 100_000 // µs, which a quota is of
	l := sandbox.ResourceLimits{MemoryBytes: int64(f.memory), DiskBytes: int64(f.disk), PidsLimit: f.pids, CPUQuota: int64(math.Round(f.cpus * period))}
	if f.cpus != 0 && l.CPUQuota == 0 {
		return l, usagef("--cpus %v is too little", f.cpus)
	}
	if err := l.Validate(); err != nil {
		return l, usageError{err}
	}
	return l, nil
}

// size is a number of bytes, as a flag.
type size int64

// String is what Set takes.
func (s *size) String() string {
	if *s == 0 {
		return ""
	}
	return strconv.FormatInt(int64(*s), 10)
}

// Type is the name of the flag's value in help texts.
func (s *size) Type() string { return "size" }

// Set parses a number with an optional unit: K, M, G or T, of 1024 each, with
// or without "B" or "iB".
func (s *size) Set(text string) error {
	number := strings.TrimSpace(text)
	for _, suffix := range []string{"iB", "ib", "B", "b"} {
		number = strings.TrimSuffix(number, suffix)
	}
	shift := 0
	if number != "" {
		if i := strings.IndexByte("KMGT", number[len(number)-1]&^0x20); i >= 0 {
			number, shift = number[:len(number)-1], 10*(i+1)
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64>>shift {
		return fmt.Errorf("not a size: %q; write a number with K, M, G or T", text)
	}
	*s = size(n << shift)
	return nil
}

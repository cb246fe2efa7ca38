// SPDX-License-Identifier: MIT

//go:build !linux

package cgroup

import "math"

// CPUQuota returns +Inf: there are no cgroups.
func CPUQuota() float64 { return math.Inf(1) }

// SPDX-License-Identifier: MIT

// Package cgroup holds the processes of sandboxes to their limits, by control
// groups of version 1 or 2 (cgroups(7)), whichever the machine has.
//
// A manager of sandboxes has one directory, its [Parent], in each hierarchy
// that it needs, and each sandbox a [Group] in it. The directories are locked:
// one whose lock is free was left by a process that has died, and the next
// Parent removes it.
//
// Which version there is, and where this process is in it, comes from
// github.com/containerd/cgroups. Its managers serve as the reference in tests
// only: see docs/dependencies.md.
package cgroup

// SPDX-License-Identifier: MIT

// Package fsguard says what a path may do, and makes the kernel hold it. It knows
// files and rules, and nothing of processes, which the package runtime starts.
//
// The portable half is pure: Compile turns rules into a Policy, which decides
// for each path; NewPlan applies that to a listing of a tree, and says what is hidden,
// what is a stand-in, and what may be written.
//
// The Linux half holds it. Reads are decided before the sandbox starts: a Mask is
// the layers that hide paths in an overlay, and a MaskCache keeps them by their
// digest. Writes are decided when they happen: Filter is the seccomp(2) program that
// sends each call that would change a file by its name to the owner
// (seccomp_unotify(2)); there a Guard resolves the path as the process would, asks the
// Policy, and does it itself beneath the read-only mount that the sandbox has (openat2(2)). When
// the guard is gone, that mount is what is left, and nothing can be written.
//
// Most programs use it through the root package. What it protects, and what it
// does not, is in SECURITY.md.
package fsguard

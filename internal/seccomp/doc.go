// SPDX-License-Identifier: MIT

// Package seccomp compiles the system call policy of a sandbox into a classic
// BPF program for seccomp(2).
//
// The policy has three layers, each a plain table:
//
//   - Docker's default profile, evaluated for a process without capabilities
//     (generated into docker_*.go),
//   - what is refused or restricted beyond it (refusals.go, restrictions.go),
//   - what is sent to a supervisor instead of the kernel (traps.go).
//
// [Classify] shows what the tables say of one system call and [Build] turns them
// into a program. Both are pure: they make no system calls themselves, give the
// same answer on every machine, and can describe a CPU other than this one's.
//
// A number that no table names is refused with ENOSYS, so that a library takes
// the road it takes on an older kernel. Entries through another ABI (i386 and
// x32 on AMD64, 32-bit ARM on ARM64) are refused in the same way, because their
// numbers mean other system calls.
//
// # What this does not protect
//
// A filter sees registers, never the memory they point to, and it does not know
// who is calling. The rules about process 1 are therefore a guard rail and not a
// wall: they stop the obvious ways of signalling, limiting and tracing it by
// number, but a thread of process 1 other than its first has another number,
// and pidfd_send_signal(2) takes a descriptor of /proc/1. What must not be
// traced has to be undumpable, and what must not be signalled needs a user ID
// of its own.
package seccomp

//go:generate go run ./gen

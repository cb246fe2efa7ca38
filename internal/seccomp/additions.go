// SPDX-License-Identifier: MIT

package seccomp

// additions are the system calls that Docker's profile does not grant to an
// unprivileged process, or does not know yet, and that a sandbox may have. The
// tests hold this list to be the only place where the policy is wider.
var additions = []rule{{
	names: []string{
		// On its own memory any process may give advice; for another's the
		// kernel asks for ptrace access and CAP_SYS_NICE.
		"process_madvise",

		// Linux 7.0: hands back a time slice extended through rseq(2), which
		// Docker allows.
		"rseq_slice_yield",

		// Only reached through a trampoline that the kernel itself places for
		// a tracer outside; elsewhere it fails. Its sibling uretprobe is in
		// Docker's list, and a traced program dies without it.
		"uprobe",
	},
	verdict: Verdict{Otherwise: Action{Class: Allow}},
}}

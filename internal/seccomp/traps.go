// SPDX-License-Identifier: MIT

package seccomp

// Flags of open(2) and access(2); the same on every Arch, though other flags of
// open(2) are not.
const (
	openWriteOnly = 0o1
	openReadWrite = 0o2
	openCreate    = 0o100
	openTruncate  = 0o1000

	// openMutates holds the flags without which open(2) changes nothing. The
	// kernel wants write access along with O_TMPFILE, which needs no bit here.
	openMutates = openWriteOnly | openReadWrite | openCreate | openTruncate

	accessWrite = 2 // W_OK
)

// traps are the system calls that change the file tree by name, or change what
// is not a file's content by descriptor. Reading never traps.
//
// Never add what a process needs between a trap and its answer, or what the
// init needs once the filter is in place: close, fork, write, execve, futex.
func traps() []rule {
	return []rule{
		trapIf(hasAny(1, openMutates), "open"),
		trapIf(hasAny(2, openMutates), "openat"),

		// A read-only mount answers EROFS where the rules may say yes.
		trapIf(hasAny(1, accessWrite), "access"),
		trapIf(hasAny(2, accessWrite), "faccessat", "faccessat2"),

		trap("creat"),
		trap("openat2"), // its flags are in memory
		trap("mkdir", "mkdirat", "mknod", "mknodat", "rmdir"),
		trap("unlink", "unlinkat"),
		trap("rename", "renameat", "renameat2"),
		trap("link", "linkat", "symlink", "symlinkat"),
		trap("truncate"),
		trap("chmod", "fchmod", "fchmodat", "fchmodat2"),
		trap("chown", "fchown", "lchown", "fchownat"),
		trap("utime", "utimes", "futimesat", "utimensat"),
		trap("setxattr", "lsetxattr", "fsetxattr", "setxattrat"),
		trap("removexattr", "lremovexattr", "fremovexattr", "removexattrat"),
		trap("umask"), // changes nothing here, but what the guard creates for the process
		trap("bind"),  // makes a socket file if the address, in memory, is AF_UNIX
	}
}

func trap(names ...string) rule {
	return rule{names: names, verdict: Verdict{Otherwise: Action{Class: Notify}}}
}

func trapIf(t Test, names ...string) rule {
	return rule{names: names, verdict: Verdict{
		Clauses:   []Clause{{If: []Test{t}, Then: Action{Class: Notify}}},
		Otherwise: Action{Class: Allow},
	}}
}

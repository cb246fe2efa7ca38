// SPDX-License-Identifier: MIT

package seccomp_test

import (
	"slices"
	"testing"

	"github.com/sandbox-rls/sandbox/internal/seccomp"
	"pgregory.net/rapid"
)

// TestNeverWiderThanDocker holds that whatever passes here passes Docker's
// profile too, but for a short list.
func TestNeverWiderThanDocker(t *testing.T) {
	added := seccomp.Added()
	for _, a := range arches {
		rapid.Check(t, func(r *rapid.T) {
			nr := rapid.Uint32Range(0, highest(a)).Draw(r, "nr")
			name := seccomp.Name(a, nr)
			if slices.Contains(added, name) {
				return
			}
			ours, _ := seccomp.Classify(a, nr)
			args := drawArgs(r, ours)
			if name == "socket" { // Docker compares more than the kernel looks at
				args[0] &= 1<<32 - 1
			}
			if decide(ours, args).Class == seccomp.Deny {
				return
			}
			if docker := seccomp.Docker(a, name); decide(docker, args).Class == seccomp.Deny {
				r.Fatalf("%s%#x: %v here, %v in Docker", name, args, ours, docker)
			}
		})
	}
}

// TestMutationsTrap lists the calls through which a tree can be changed by name
// and holds that each one traps, wholly or for some arguments.
func TestMutationsTrap(t *testing.T) {
	mutations := []string{
		"open", "openat", "openat2", "creat", "access", "faccessat", "faccessat2",
		"mkdir", "mkdirat", "mknod", "mknodat", "rmdir", "unlink", "unlinkat",
		"rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat",
		"truncate", "chmod", "fchmod", "fchmodat", "fchmodat2",
		"chown", "fchown", "lchown", "fchownat",
		"utime", "utimes", "futimesat", "utimensat",
		"setxattr", "lsetxattr", "fsetxattr", "setxattrat",
		"removexattr", "lremovexattr", "fremovexattr", "removexattrat", "bind", "umask",
	}
	for _, a := range arches {
		var trapped []string
		for nr := range highest(a) + 1 {
			if v, _ := seccomp.Classify(a, nr); v.Class() == seccomp.Notify {
				trapped = append(trapped, seccomp.Name(a, nr))
			}
		}
		for _, name := range mutations {
			if _, ok := seccomp.Number(a, name); ok && !slices.Contains(trapped, name) {
				t.Errorf("%v: %s does not trap", a, name)
			}
		}
		for _, name := range trapped {
			if !slices.Contains(mutations, name) {
				t.Errorf("%v: %s traps", a, name)
			}
		}
	}
}

// TestIndispensable holds that what a process needs to run, and what the init
// needs while a trap is open, goes straight to the kernel.
func TestIndispensable(t *testing.T) {
	for _, a := range arches {
		for _, name := range []string{
			"read", "write", "close", "close_range", "ftruncate", "fallocate", "execve", "execveat", "exit",
			"exit_group", "futex", "mmap", "munmap", "mprotect", "brk", "rt_sigaction",
			"rt_sigprocmask", "rt_sigreturn", "wait4", "waitid", "getdents64", "readlinkat",
			"newfstatat", "fstatat", "statx", "sendmsg", "recvmsg", "pipe2", "dup3", "epoll_pwait",
			"fork", "vfork", "prctl", "capset", "rseq", "getrandom", "memfd_create",
			"landlock_restrict_self", "name_to_handle_at",
		} {
			nr, ok := seccomp.Number(a, name)
			if !ok {
				continue
			}
			v, _ := seccomp.Classify(a, nr)
			if len(v.Clauses) > 0 || v.Otherwise.Class != seccomp.Allow {
				t.Errorf("%v: %s is %v", a, name, v)
			}
		}
	}
}

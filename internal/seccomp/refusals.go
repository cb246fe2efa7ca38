// SPDX-License-Identifier: MIT

package seccomp

// refusals are the system calls that are never carried out, whatever their
// arguments. Some are refused by Docker's profile as well; they stand here all
// the same where the sandbox depends on it, so that a change there cannot open
// them.
func refusals() []rule {
	return []rule{
		refuse(ENOSYS,
			// A ring does file operations that no filter sees. With ENOSYS, libuv
			// and liburing fall back to plain system calls.
			"io_uring_setup", "io_uring_enter", "io_uring_register",

			// Its flags are in memory, out of a filter's sight. The C library then
			// takes clone(2), whose flags are in a register.
			"clone3",

			// Newer twins of the FS_IOC_FSSETXATTR family that take a path. Callers
			// fall back to the ioctl, which needs an open file.
			"file_getattr", "file_setattr",
		),
		refuse(EPERM,
			// Open a file by number, past every directory above it.
			"open_by_handle_at",

			// Namespaces: a new user namespace would bring capabilities back.
			"unshare", "setns",

			// Whatever changes or lists what is mounted.
			"mount", "umount2", "pivot_root", "chroot",
			"open_tree", "open_tree_attr", "move_mount", "mount_setattr",
			"fsopen", "fsconfig", "fsmount", "fspick",
			"statmount", "listmount", "listns",

			// Another process's memory or descriptors. Debuggers have ptrace(2).
			"process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp",

			// Kernel interfaces with a long record of privilege escalations.
			"userfaultfd", "bpf", "perf_event_open", "fanotify_init",
			"add_key", "request_key", "keyctl",
			"lookup_dcookie", "nfsservctl",
			"lsm_get_self_attr", "lsm_set_self_attr", "lsm_list_modules",

			// The machine's own administration.
			"kexec_load", "kexec_file_load", "reboot", "syslog", "acct",
			"init_module", "finit_module", "delete_module",
			"quotactl", "quotactl_fd", "swapon", "swapoff",
			"sethostname", "setdomainname", "vhangup",
			"settimeofday", "clock_settime", "iopl", "ioperm",

			// Placement of memory on NUMA nodes, of other processes too.
			"mbind", "migrate_pages", "move_pages",
			"get_mempolicy", "set_mempolicy", "set_mempolicy_home_node",

			// Obsolete, but still there in some kernels.
			"sysfs", "ustat", "uselib",
		),
		refuse(EINVAL,
			// From a pipe that stays empty it waits with the lock of the file that it is
			// to write to, for ever. Everybody who would change that file waits with it,
			// the guard too. With EINVAL, programs read and write instead.
			"splice",
		),
		refuse(ENOSYS,
			// Numbers that are reserved or whose implementation is gone: what the
			// kernel would say.
			"_sysctl", "afs_syscall", "arch_specific_syscall", "create_module",
			"get_kernel_syms", "getpmsg", "putpmsg", "query_module", "security",
			"tuxcall", "vserver",
		),
	}
}

func refuse(e Errno, names ...string) rule {
	return rule{names: names, verdict: Verdict{Otherwise: deny(e)}}
}

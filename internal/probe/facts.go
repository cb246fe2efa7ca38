// SPDX-License-Identifier: MIT

package probe

// Facts is what was found out. The zero value says that nothing was tried.
type Facts struct {
	OS, Arch string
	Kernel   string // its release, "6.1.0-13-amd64"
	Program  string // the path of this program
	UID      int    // effective
	// Ranged says that root has the user numbers that it gives to sandboxes.
	Ranged bool
	// SysAdmin says that the process has CAP_SYS_ADMIN.
	SysAdmin bool
	// Seccomp is the process's own seccomp mode of proc_pid_status(5): 2 is a filter.
	Seccomp int
	// NoNewPrivs says that the process can gain no privileges.
	NoNewPrivs bool
	// Container is the kind of container that the process is in; "" is none.
	Container string
	// Label is the process's AppArmor profile or SELinux context.
	Label string
	// LSMs are the kernel's security modules, if securityfs tells.
	LSMs string
	// Sysctls are settings that bear on sandboxes. Those that the kernel does
	// not have are missing.
	Sysctls map[string]string
	// Filesystems are the names that /proc/filesystems lists.
	Filesystems []string

	// TempDir is where state is kept by default, and TempFS its file system.
	TempDir, TempFS string

	Child   Child
	Door    Door
	Calls   Calls
	Files   Files
	Cgroups Cgroups
	Bwrap   Program
	Docker  Socket
	Disk    Disk
}

// Trial is the outcome of trying something.
type Trial struct {
	Tried bool
	Err   error // nil: it works
}

// Works reports whether it was tried and works.
func (t Trial) Works() bool { return t.Tried && t.Err == nil }

// tried is the outcome of a call.
func tried(err error) Trial { return Trial{Tried: true, Err: err} }

// Child is what a process in new namespaces could do. What comes after a step
// that failed may not have been tried.
type Child struct {
	Start Trial // all namespaces at once, with the user mapped
	// User is a user namespace alone, and Namespaces each of the others with
	// one. They are tried where Start failed.
	User       Trial
	Namespaces map[string]Trial

	Private Trial // cut the mount tree off from the host's
	Layer   Trial // reach the temporary directory: for root, as a detached mount
	Tmpfs   Trial
	Bind    Trial // a part of the host's tree, read-only
	Proc    Trial
	Devpts  Trial
	PTY     Trial // a terminal of the new devpts
	Overlay Trial // with userxattr, in TempDir
	Cover   Trial // a read-only bind over the overlay, which then refuses writes
	Pivot   Trial // pivot_root(2)

	Landlock Trial // confine itself
	Filter   Trial // install a seccomp filter that asks nobody
}

// Door is what the guard needs of seccomp_unotify(2).
type Door struct {
	Listener Trial // install a filter with a listener
	Killable Trial // with SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
	Waits    Trial // a signal does not interrupt a call that the guard works on
	Memory   Trial // read the memory of the process that asks
	AddFD    Trial // put a file into it
	SyncWake Trial // SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
}

// Calls are system calls that containers, and old kernels, may not have.
type Calls struct {
	PIDFD      Trial
	Openat2    Trial
	CloseRange Trial
	Memfd      Trial
	// LandlockABI is the version that landlock_create_ruleset(2) tells; 0: none.
	LandlockABI int
}

// Files is what the file system of TempDir can do.
type Files struct {
	Temp    Trial // make a directory there
	Reflink Trial // FICLONE
	IDMap   Trial // an ID-mapped mount; only root tries
}

// Cgroups is how the machine's control groups are mounted.
type Cgroups struct {
	Mode        string // "unified", "hybrid", "legacy" or ""
	Controllers []Controller
	// Occupied says that the user's group could have groups with limits in it,
	// but for the processes that it holds, this one among them.
	Occupied bool
}

// Controller is a cgroup controller that limits need.
type Controller struct {
	Name string // "memory", "cpu" or "pids"
	// Dir is where groups would be made. "": the controller is not mounted, or
	// not given to it.
	Dir string
	// Usable says that the user may make groups there.
	Usable bool
}

// Disk is what a limit of disk space needs.
type Disk struct {
	Loop Trial   // have a loop device; only root tries
	Mkfs Program // mkfs.ext4
}

// Program is an external program.
type Program struct {
	Path    string // "": not found
	Version string
	Err     error // it does not run
}

// Socket is a service's socket.
type Socket struct {
	Path string // "": none exists
	Err  error  // nil: somebody listens
}

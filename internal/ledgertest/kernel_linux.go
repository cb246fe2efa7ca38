// SPDX-License-Identifier: MIT

package ledgertest

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// newNamespaces would bring capabilities back, in namespaces of one's own.
func newNamespaces() []try {
	var tries []try
	for _, ns := range []struct {
		name string
		flag uintptr
	}{
		{"user", unix.CLONE_NEWUSER},
		{"mount", unix.CLONE_NEWNS},
		{"PID", unix.CLONE_NEWPID},
		{"network", unix.CLONE_NEWNET},
		{"IPC", unix.CLONE_NEWIPC},
		{"UTS", unix.CLONE_NEWUTS},
		{"cgroup", unix.CLONE_NEWCGROUP},
		{"time", unix.CLONE_NEWTIME},
	} {
		tries = append(tries, attempt("unshare, "+ns.name, "EPERM", makes("unshare", ns.flag)))
		if ns.flag != unix.CLONE_NEWTIME { // clone(2) takes that bit for a signal's
			tries = append(tries, attempt("clone, "+ns.name, "EPERM", makes("clone", ns.flag|uintptr(unix.SIGCHLD), 0, 0, 0, 0)))
		}
	}
	return append(tries,
		attempt("unshare with other bits in the word", "EPERM", makes("unshare", 1<<32|unix.CLONE_NEWUSER)),
		attempt("clone with other bits in the word", "EPERM", makes("clone", 1<<40|unix.CLONE_NEWUSER|uintptr(unix.SIGCHLD), 0, 0, 0, 0)),
		attempt("clone3", "ENOSYS", makes("clone3", room(), 88)),
		attempt("setns to one's own namespace", "EPERM", func() (string, error) {
			fd, err := unix.Open("/proc/self/ns/user", unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err != nil {
				return "", err
			}
			defer unix.Close(fd)
			_, err = sys("setns", uintptr(fd), 0)
			return "", err
		}),
		guarded("a user map", "EPERM|EACCES", "ENOSYS", puts("/proc/self/uid_map")),
	)
}

// mountAPI changes what is mounted, or shows more of it.
func mountAPI() []try {
	const bind, remount = 4096, 32
	empty := uintptr(unix.AT_EMPTY_PATH)
	tries := []try{
		attempt("mount, a tmpfs", "EPERM", makes("mount", str("x"), str("/tmp"), str("tmpfs"), 0, 0)),
		attempt("mount, a bind", "EPERM", makes("mount", str(ws+"/write"), str(ws+"/read"), 0, bind, 0)),
		attempt("mount, writable again", "EPERM", makes("mount", 0, str(ws), 0, bind|remount, 0)),
		attempt("umount of the cover", "EPERM", makes("umount2", str(ws), unix.MNT_DETACH)),
		attempt("pivot_root", "EPERM", makes("pivot_root", str("/tmp"), str("/tmp"))),
		attempt("chroot", "EPERM", makes("chroot", str("/tmp"))),
		attempt("open_tree", "EPERM", makes("open_tree", at, str(ws), unix.OPEN_TREE_CLONE)),
		attempt("open_tree without a clone", "EPERM", makes("open_tree", at, str(ws), 0)),
		attempt("move_mount", "EPERM", makes("move_mount", at, str(ws), at, str("/tmp"), 0)),
		attempt("mount_setattr", "EPERM", makes("mount_setattr", at, str(ws), empty, room(), 32)),
		attempt("fsopen", "EPERM", makes("fsopen", str("tmpfs"), 0)),
		attempt("fsconfig", "EPERM", makes("fsconfig", 0, 6, 0, 0, 0)),
		attempt("fsmount", "EPERM", makes("fsmount", 0, 0, 0)),
		attempt("fspick", "EPERM", makes("fspick", at, str(ws), 0)),
	}
	for _, call := range []string{"open_tree_attr", "statmount", "listmount"} {
		tries = append(tries, attempt(call, "EPERM", makes(call, room(), room(), 0, 0)))
	}
	return append(tries, guarded("a write after all that", "EROFS", "ENOSYS", puts(ws+"/read/file")))
}

// terminalInput types into a terminal, for whoever reads it next.
func terminalInput() []try {
	const tiocsti, tioclinux = 0x5412, 0x541c
	on := func(fd, request uintptr) func() (string, error) { return makes("ioctl", fd, request, room()) }
	return []try{
		attempt("TIOCSTI", "EPERM", on(0, tiocsti)),
		attempt("TIOCSTI with other bits in the word", "EPERM", on(0, 1<<32|tiocsti)),
		attempt("TIOCLINUX", "EPERM", on(0, tioclinux)),
		attempt("TIOCLINUX with other bits in the word", "EPERM", on(0, 1<<63|tioclinux)),
		attempt("TIOCSTI at a terminal of the sandbox's own", "EPERM|ENOSYS|ENOENT|EACCES", func() (string, error) {
			fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
			if err != nil {
				return "", err
			}
			defer unix.Close(fd)
			return on(uintptr(fd), tiocsti)()
		}),
	}
}

// keyrings are not divided by all namespaces.
func keyrings() []try {
	const session, user = ^uintptr(2), ^uintptr(3) // -3 and -4
	return []try{
		attempt("add_key", "EPERM", makes("add_key", str("user"), str("x"), str("x"), 1, session)),
		attempt("request_key", "EPERM", makes("request_key", str("user"), str("x"), 0, session)),
		attempt("keyctl", "EPERM", makes("keyctl", 0, session, 1)),
		attempt("keyctl, the user's keys", "EPERM", makes("keyctl", 11, user, room(), 4096)),
	}
}

// kernelInterfaces have been ways into the kernel.
func kernelInterfaces() []try {
	tries := []try{guarded("userfaultfd by its device", "ENOENT|EACCES", "ENOSYS", opens("/dev/userfaultfd", unix.O_RDWR))}
	for _, c := range []struct {
		name string
		args []uintptr
	}{
		{"bpf", []uintptr{0, room(), 72}},
		{"perf_event_open", []uintptr{room(), 0, ^uintptr(0), ^uintptr(0), 0}},
		{"userfaultfd", []uintptr{1}},
		{"fanotify_init", []uintptr{0, 0}},
		{"kexec_load", nil},
		{"kexec_file_load", nil},
		{"init_module", nil},
		{"finit_module", nil},
		{"delete_module", nil},
		{"syslog", []uintptr{2, room(), 100}},
		{"reboot", nil},
		{"swapon", []uintptr{room(), 0}},
		{"quotactl", nil},
		{"iopl", []uintptr{3}},
		{"ioperm", []uintptr{0, 1, 1}},
		{"settimeofday", []uintptr{room(), 0}},
		{"clock_settime", []uintptr{0, room()}},
		{"sethostname", []uintptr{room(), 1}},
		{"acct", []uintptr{0}},
		{"move_pages", []uintptr{1, 0, 0, 0, 0, 0}},
		{"migrate_pages", []uintptr{1, 0, 0, 0}},
		{"mbind", nil},
	} {
		tries = append(tries, attempt(c.name, "EPERM", makes(c.name, c.args...)))
	}
	return append(tries,
		attempt("what is left of privileges", "none", func() (string, error) {
			out, err := again("confined")
			if want := "capabilities 0000000000000000"; err == nil && !strings.Contains(out, want) {
				return "", fmt.Errorf("it is %q", out)
			}
			return "none", err
		}),
		guarded("settings of the kernel", "EACCES|EROFS|EPERM", "ENOSYS", puts("/proc/sys/kernel/core_pattern")),
		attempt("the log of the kernel", "ENOENT|EPERM|EACCES", opens("/dev/kmsg", unix.O_RDONLY)),
		attempt("its memory", "ENOENT|EPERM|EACCES", opens("/proc/kcore", unix.O_RDONLY)),
		attempt("a process of the host by its number", "ESRCH", func() (string, error) { return "", outside() }),
	)
}

// outside signals numbers that no process of the sandbox has.
func outside() error {
	taken := map[int]bool{}
	names, err := os.ReadDir("/proc")
	if err != nil {
		return err
	}
	for _, n := range names {
		if pid, err := strconv.Atoi(n.Name()); err == nil {
			taken[pid] = true
		}
	}
	for pid := 20_000; pid < 24_000; pid++ {
		if taken[pid] {
			continue
		}
		if err := unix.Kill(pid, 0); err != unix.ESRCH {
			return fmt.Errorf("%d: %w", pid, err)
		}
	}
	return unix.ESRCH
}

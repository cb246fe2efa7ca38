// SPDX-License-Identifier: MIT

package seccomp_test

import (
	"fmt"
	"testing"

	"github.com/sandbox-rls/sandbox/internal/seccomp"
)

const (
	allow  = seccomp.RetAllow
	notify = seccomp.RetUserNotif
	eperm  = seccomp.RetErrno | 1
	enosys = seccomp.RetErrno | 38
	eafno  = seccomp.RetErrno | 97

	garbage = 0xdead_beef_0000_0000 // where the kernel does not look
	minus1  = 1<<64 - 1
)

type call struct {
	name string
	args [6]uint64
	want uint32
}

func TestArguments(t *testing.T) {
	for group, calls := range map[string][]call{
		"open":      openCalls(),
		"access":    accessCalls(),
		"socket":    socketCalls(),
		"processes": processCalls(),
		"rest":      restCalls(),
	} {
		for _, a := range arches {
			m := newMachine(t, build(t, seccomp.Options{Arch: a, Notify: true}))
			quiet := newMachine(t, build(t, seccomp.Options{Arch: a}))
			for _, c := range calls {
				nr, ok := seccomp.Number(a, c.name)
				if !ok {
					continue
				}
				t.Run(fmt.Sprintf("%s/%v/%s%#x", group, a, c.name, c.args), func(t *testing.T) {
					if got := m.run(t, auditWords[a], nr, c.args); got != c.want {
						t.Errorf("%#x, want %#x", got, c.want)
					}
					want := c.want
					if want == notify {
						want = allow
					}
					if got := quiet.run(t, auditWords[a], nr, c.args); got != want {
						t.Errorf("without a supervisor: %#x, want %#x", got, want)
					}
				})
			}
		}
	}
}

func openCalls() []call {
	var calls []call
	for _, f := range []struct {
		flags uint64
		want  uint32
	}{
		{0, allow},
		{0o2000000, allow},          // O_CLOEXEC
		{0o200000 | 0o40000, allow}, // O_DIRECTORY, on one CPU or the other
		{0o10000000, allow},         // O_PATH
		{0o2000, allow},             // O_APPEND alone writes nothing
		{garbage, allow},            // upper half
		{garbage | 0x1_0000_0000, allow},
		{1, notify},              // O_WRONLY
		{2, notify},              // O_RDWR
		{3, notify},              // no access at all, but checked as both
		{0o100, notify},          // O_CREAT
		{0o1000, notify},         // O_TRUNC, which truncates with O_RDONLY too
		{0o20000000 | 2, notify}, // O_TMPFILE
		{garbage | 0o100, notify},
		{minus1, notify},
	} {
		calls = append(calls,
			call{"open", [6]uint64{0, f.flags, 0}, f.want},
			call{"openat", [6]uint64{minus1, minus1, f.flags}, f.want})
	}
	return append(calls,
		call{"openat2", [6]uint64{}, notify},
		call{"creat", [6]uint64{}, notify})
}

func accessCalls() []call {
	var calls []call
	for mode := range uint64(8) {
		want := uint32(allow)
		if mode&2 != 0 {
			want = notify
		}
		for _, m := range []uint64{mode, mode | garbage} {
			calls = append(calls,
				call{"access", [6]uint64{0, m}, want},
				call{"faccessat", [6]uint64{0, minus1, m}, want},
				call{"faccessat2", [6]uint64{0, minus1, m}, want})
		}
	}
	return calls
}

func socketCalls() []call {
	var calls []call
	for family := range uint64(64) {
		want := uint32(eafno)
		switch family {
		case 1, 2, 10, 16:
			want = allow
		}
		for _, f := range []uint64{family, family | garbage} {
			calls = append(calls,
				call{"socket", [6]uint64{f, 1}, want},
				call{"socketpair", [6]uint64{f, 1}, want})
		}
	}
	return append(calls,
		call{"socket", [6]uint64{minus1, 1}, eafno},
		call{"socket", [6]uint64{2, 3 /* SOCK_RAW */}, allow},
		call{"socket", [6]uint64{2, 10 /* SOCK_PACKET */}, eafno},
		call{"socket", [6]uint64{2, 10 | 0o2000000 | 0o4000}, eafno},
		call{"socket", [6]uint64{garbage | 2, garbage | 10}, eafno},
		call{"bind", [6]uint64{3, 0, 2}, notify})
}

func processCalls() []call {
	var calls []call
	for _, name := range []string{"kill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "tgkill", "pidfd_open", "prlimit64"} {
		calls = append(calls,
			call{name, [6]uint64{1, 2, 9}, eperm},
			call{name, [6]uint64{garbage | 1, 2, 9}, eperm},
			call{name, [6]uint64{0, 2, 9}, allow},
			call{name, [6]uint64{2, 1, 1}, allow},
			call{name, [6]uint64{0x101, 1, 1}, allow},
			call{name, [6]uint64{minus1, 15, 9}, allow})
	}
	return append(calls,
		call{"tgkill", [6]uint64{1, 3, 23 /* SIGURG */}, allow},
		call{"tgkill", [6]uint64{1, 3, garbage | 9}, eperm},
		call{"tgkill", [6]uint64{1, 3, 0}, eperm},
		call{"ptrace", [6]uint64{0 /* TRACEME */, 1}, allow},
		call{"ptrace", [6]uint64{16 /* ATTACH */, 1}, eperm},
		call{"ptrace", [6]uint64{16, garbage | 1}, eperm},
		call{"ptrace", [6]uint64{16, 2}, allow},
		call{"ptrace", [6]uint64{0x4206 /* SEIZE */, 1}, eperm},
		call{"ptrace", [6]uint64{0x4206, 11}, allow},
		call{"ptrace", [6]uint64{17 /* DETACH */, 1}, allow},
		call{"process_vm_readv", [6]uint64{2}, eperm},
		call{"process_vm_writev", [6]uint64{2}, eperm},
		call{"pidfd_getfd", [6]uint64{3}, eperm},
		call{"kcmp", [6]uint64{2, 2}, eperm},
		call{"process_madvise", [6]uint64{3}, allow})
}

func restCalls() []call {
	calls := []call{
		{"ioctl", [6]uint64{0, 0x5412}, eperm},           // TIOCSTI
		{"ioctl", [6]uint64{0, garbage | 0x5412}, eperm}, // the kernel truncates it
		{"ioctl", [6]uint64{0, 0x541c}, eperm},           // TIOCLINUX
		{"ioctl", [6]uint64{0, 0x1_0000_541c}, eperm},
		{"ioctl", [6]uint64{0x5412, 0x5401}, allow}, // TCGETS
		{"ioctl", [6]uint64{0, 0x5413}, allow},      // TIOCGWINSZ

		{"clone", [6]uint64{0x1200011}, allow}, // what fork is
		{"clone", [6]uint64{0x3d0f00}, allow},  // what pthread_create asks for
		{"clone", [6]uint64{0x10000000 | 17}, eperm},
		{"clone", [6]uint64{0x00020000}, eperm},
		{"clone", [6]uint64{0x7e020000}, eperm},
		{"clone", [6]uint64{garbage | 0x02000000}, eperm},
		{"clone3", [6]uint64{}, enosys},
		{"unshare", [6]uint64{}, eperm},
		{"setns", [6]uint64{}, eperm},

		{"personality", [6]uint64{0}, allow},
		{"personality", [6]uint64{8}, allow},
		{"personality", [6]uint64{0x20000}, allow},
		{"personality", [6]uint64{0x20008}, allow},
		{"personality", [6]uint64{0xffffffff}, allow},
		{"personality", [6]uint64{minus1}, eperm},
		{"personality", [6]uint64{0x1_0000_0008}, eperm},
		{"personality", [6]uint64{0x40000}, eperm}, // ADDR_NO_RANDOMIZE
		{"personality", [6]uint64{0x400000}, eperm},

		{"seccomp", [6]uint64{1, 0}, allow},
		{"seccomp", [6]uint64{1, 8}, eperm}, // NEW_LISTENER
		{"seccomp", [6]uint64{1, 0x29}, eperm},
		{"seccomp", [6]uint64{garbage | 1, garbage | 8}, eperm},
		{"seccomp", [6]uint64{2, 8}, allow}, // another operation

		{"io_uring_setup", [6]uint64{}, enosys},
		{"io_uring_enter", [6]uint64{}, enosys},
		{"io_uring_register", [6]uint64{}, enosys},
		{"file_getattr", [6]uint64{}, enosys},
		{"file_setattr", [6]uint64{}, enosys},
	}
	for _, name := range []string{
		"open_by_handle_at", "userfaultfd", "mount", "umount2", "pivot_root", "chroot", "open_tree",
		"open_tree_attr", "move_mount", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr",
		"statmount", "listmount", "listns", "keyctl", "add_key", "request_key", "bpf", "perf_event_open",
		"kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "quotactl",
		"quotactl_fd", "swapon", "swapoff", "lookup_dcookie", "nfsservctl", "acct", "fanotify_init",
	} {
		calls = append(calls, call{name, [6]uint64{}, eperm}, call{name, [6]uint64{1, 2, 3, 4, 5, 6}, eperm})
	}
	return calls
}

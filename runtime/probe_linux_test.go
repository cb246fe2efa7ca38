// SPDX-License-Identifier: MIT

package runtime_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/runtime"
)

// The test program executes itself with this in its environment to probe a
// machine that is not as it should be, and print the report.
const faked = "SANDBOX_TEST_FAKED_MACHINE"

func TestMain(m *testing.M) {
	name := os.Getenv(faked)
	switch {
	case name == "":
		os.Exit(m.Run())
	case name != "ready":
		goruntime.LockOSThread()
		if err := lacks[name].fake(); err != nil {
			panic(err)
		}
		// The filter holds for this thread, and for all of what it executes.
		panic(syscall.Exec("/proc/self/exe", os.Args, []string{faked + "=ready", "TMPDIR=" + os.TempDir()}))
	}
	if err := json.NewEncoder(os.Stdout).Encode(runtime.Probe()); err != nil {
		panic(err)
	}
}

// require skips a test when a feature is missing, and fails it when
// SANDBOX_REQUIRE, a list with commas, names the feature or says "all".
func require(t *testing.T, r *runtime.Report) {
	t.Helper()
	wanted := strings.Split(os.Getenv("SANDBOX_REQUIRE"), ",")
	for _, f := range r.Features {
		switch {
		case f.Available || !f.Required:
		case slices.Contains(wanted, f.Name), slices.Contains(wanted, "all"):
			t.Errorf("%s is missing: %s; %s", f.Name, f.Missing, f.Remedy)
		default:
			t.Skipf("%s is missing: %s; %s", f.Name, f.Missing, f.Remedy)
		}
	}
}

// TestProbe probes this machine, as whoever runs the test.
func TestProbe(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	before := openFiles(t)
	r := runtime.Probe()
	require(t, r)
	consistent(t, r)
	if r.Machine.UID != os.Geteuid() || r.Machine.Arch != goruntime.GOARCH || r.Machine.Kernel == "" {
		t.Errorf("the machine is %+v", r.Machine)
	}
	if names, err := os.ReadDir(tmp); err != nil || len(names) != 0 {
		t.Errorf("left in the directory for temporary files: %v, %v", names, err)
	}
	if after := openFiles(t); !slices.Equal(before, after) {
		t.Errorf("open files before: %q, after: %q", before, after)
	}
	if pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); err != unix.ECHILD {
		t.Errorf("a child is left: %d, %v", pid, err)
	}
	if again := runtime.Probe(); again.String() != r.String() {
		t.Errorf("a second time it says\n%s\nnot\n%s", again, r)
	}
}

// openFiles lists what this process has open, but for what the Go runtime
// opens when it first needs it.
func openFiles(t *testing.T) []string {
	t.Helper()
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, n := range names {
		to, err := os.Readlink("/proc/self/fd/" + n.Name())
		if err == nil && !strings.HasPrefix(to, "anon_inode:[event") && !strings.HasSuffix(to, "/fd") {
			files = append(files, to)
		}
	}
	slices.Sort(files)
	return files
}

// refusal is a system call that a filter answers with an error, if the bits of
// mask in an argument are those of value.
type refusal struct {
	call        uint32
	argument    uint32
	mask, value uint32
	errno       syscall.Errno
}

func always(call uint32, errno syscall.Errno) refusal { return refusal{call: call, errno: errno} }

// namespace is a namespace of some kinds in which the user is root.
func namespace(flags int) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | uintptr(flags),
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
	}
}

const notifyFlags = unix.SECCOMP_FILTER_FLAG_NEW_LISTENER

// lacks are machines that lack something, as the kernel is made to be, and
// what the report of each must say is missing first.
var lacks = map[string]struct {
	attr    *syscall.SysProcAttr
	fake    func() error
	missing string
	words   []string
}{
	"user namespaces": {
		fake: filter(
			refusal{unix.SYS_CLONE, 0, unix.CLONE_NEWUSER, unix.CLONE_NEWUSER, unix.EPERM},
			refusal{unix.SYS_UNSHARE, 0, unix.CLONE_NEWUSER, unix.CLONE_NEWUSER, unix.EPERM},
		),
		missing: runtime.FeatureUserNamespaces,
		words:   []string{"operation not permitted", "seccomp"},
	},
	"network namespaces": {
		fake:    filter(refusal{unix.SYS_CLONE, 0, unix.CLONE_NEWNET, unix.CLONE_NEWNET, unix.EINVAL}),
		missing: runtime.FeatureNamespaces,
		words:   []string{"net namespaces"},
	},
	"more user namespaces": {
		attr: namespace(0),
		fake: func() error {
			return os.WriteFile("/proc/sys/user/max_user_namespaces", []byte("0"), 0)
		},
		missing: runtime.FeatureUserNamespaces,
		words:   []string{"limit", "user.max_user_namespaces = 0"},
	},
	"the mount API": {
		fake:    filter(always(unix.SYS_FSOPEN, unix.ENOSYS)),
		missing: runtime.FeatureMounts,
		words:   []string{"mount API"},
	},
	"mounts": {
		fake:    filter(always(unix.SYS_FSOPEN, unix.EPERM), always(unix.SYS_MOUNT, unix.EPERM), always(unix.SYS_OPEN_TREE, unix.EPERM)),
		missing: runtime.FeatureMounts,
		words:   []string{"operation not permitted"},
	},
	"an unmasked proc": {
		attr: namespace(0),
		fake: func() error {
			return syscall.Mount("/dev/null", "/proc/interrupts", "", syscall.MS_BIND, "")
		},
		missing: runtime.FeatureProc,
		words:   []string{"masked"},
	},
	"overlays": {
		fake:    filter(refusal{unix.SYS_MOUNT, 3, ^uint32(0), unix.MS_NOSUID | unix.MS_NODEV, unix.ENODEV}),
		missing: runtime.FeatureOverlay,
		words:   []string{"mounting an overlay"},
	},
	"seccomp": {
		fake:    filter(always(unix.SYS_SECCOMP, unix.ENOSYS)),
		missing: runtime.FeatureSeccomp,
		words:   []string{"CONFIG_SECCOMP_FILTER"},
	},
	"listeners": {
		fake:    filter(refusal{unix.SYS_SECCOMP, 1, notifyFlags, notifyFlags, unix.EINVAL}),
		missing: runtime.FeatureNotify,
		words:   []string{"no seccomp user notification"},
	},
	"another listener": {
		fake:    listenerOfItsOwn,
		missing: runtime.FeatureNotify,
		words:   []string{"a process has one at most"},
	},
	"calls that cannot be interrupted": {
		fake: filter(refusal{
			unix.SYS_SECCOMP, 1, unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
			unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, unix.EINVAL,
		}),
		missing: runtime.FeatureWaitKillable,
		words:   []string{"unknown to this kernel"},
	},
	"the memory of others": {
		fake:    filter(always(unix.SYS_PROCESS_VM_READV, unix.EPERM)),
		missing: runtime.FeatureMemory,
		words:   []string{"operation not permitted"},
	},
	"openat2": {
		fake:    filter(always(unix.SYS_OPENAT2, unix.ENOSYS)),
		missing: runtime.FeatureSystemCalls,
		words:   []string{"openat2"},
	},
	"landlock": {
		fake:  filter(always(unix.SYS_LANDLOCK_CREATE_RULESET, unix.EOPNOTSUPP)),
		words: nil,
	},
}

// TestProbeOfFaked probes machines that lack something.
func TestProbeOfFaked(t *testing.T) {
	require(t, runtime.Probe())
	for name, c := range lacks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command("/proc/self/exe")
			cmd.Env = append(os.Environ(), faked+"="+name)
			cmd.SysProcAttr = c.attr
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			r := new(runtime.Report)
			if err := json.Unmarshal(out, r); err != nil {
				t.Fatalf("%v in %q", err, out)
			}
			consistent(t, r)
			if c.missing == "" {
				if err := r.Err(); err != nil {
					t.Error(err)
				}
				return
			}
			f, _ := r.Feature(c.missing)
			err = r.Err()
			if f.Available || err == nil || !strings.Contains(err.Error(), c.missing+": ") {
				t.Errorf("%s is not missing: %v", c.missing, err)
			}
			for _, w := range c.words {
				if !strings.Contains(f.Missing+f.Remedy, w) {
					t.Errorf("%q; %q do not say %q", f.Missing, f.Remedy, w)
				}
			}
		})
	}
}

// TestProbeWithoutLandlock sees that an optional feature does not keep sandboxes
// from running, and that its promise is not made.
func TestProbeWithoutLandlock(t *testing.T) {
	f := debian()
	f.Child.Landlock = fails(unix.ENOSYS)
	r := runtime.Diagnose(f)
	if err := r.Err(); err != nil {
		t.Error(err)
	}
	if !slices.ContainsFunc(r.Guarantees, func(g runtime.Guarantee) bool { return !g.Holds }) {
		t.Error("everything is promised all the same")
	}
}

// TestProbeElsewhere has a directory for temporary files that cannot be used.
func TestProbeElsewhere(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	r := runtime.Probe()
	if r.Machine.StateDir != "/var/tmp" && r.Machine.StateDir != "/dev/shm" {
		t.Errorf("state is kept in %s", r.Machine.StateDir)
	}
}

// filter makes a function that refuses calls of this thread from then on.
func filter(refusals ...refusal) func() error {
	program := []unix.SockFilter{load(0)}
	for _, r := range refusals {
		argument := 16 + 8*r.argument // seccomp_data.args, little-endian
		program = append(program,
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 5, K: r.call},
			load(argument),
			unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: r.mask},
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: r.value},
			unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(r.errno)},
			load(0),
		)
	}
	program = append(program, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW})
	return func() error { return install(program, 0) }
}

func load(at uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}
}

// listenerOfItsOwn gives the process a listener, as something that supervises
// it would.
func listenerOfItsOwn() error {
	return install([]unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW}}, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER)
}

func install(program []unix.SockFilter, flags uintptr) error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	prog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	fd, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return errno
	}
	if flags != 0 { // the listener stays open
		_, err := unix.FcntlInt(fd, unix.F_SETFD, 0)
		return err
	}
	return nil
}

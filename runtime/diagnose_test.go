// SPDX-License-Identifier: MIT

package runtime_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sandbox-rls/sandbox/internal/golden"
	"github.com/sandbox-rls/sandbox/internal/probe"
	"github.com/sandbox-rls/sandbox/runtime"
)

var works = probe.Trial{Tried: true}

func fails(err error) probe.Trial { return probe.Trial{Tried: true, Err: err} }

// debian is a machine that has everything.
func debian() *probe.Facts {
	return &probe.Facts{
		OS: "linux", Arch: "amd64", Kernel: "6.1.0-13-amd64", Program: "/usr/local/bin/agent", UID: 1000, Ranged: true,
		Sysctls:     map[string]string{"user.max_user_namespaces": "127000"},
		Filesystems: []string{"proc", "tmpfs", "overlay"},
		TempDir:     "/tmp", TempFS: "ext4",
		Child: probe.Child{
			Start: works, Private: works, Layer: works, Tmpfs: works, Bind: works, Proc: works, Devpts: works, PTY: works,
			Overlay: works, Cover: works, Pivot: works, Landlock: works, Filter: works,
		},
		Door:  probe.Door{Listener: works, Killable: works, Waits: works, Memory: works, AddFD: works, SyncWake: works},
		Calls: probe.Calls{PIDFD: works, Openat2: works, CloseRange: works, Memfd: works, LandlockABI: 2},
		Files: probe.Files{Temp: works, Reflink: works},
		Cgroups: probe.Cgroups{Mode: "unified", Controllers: []probe.Controller{
			{Name: "memory", Dir: "/sys/fs/cgroup/user.slice", Usable: true},
			{Name: "cpu", Dir: "/sys/fs/cgroup/user.slice", Usable: true},
			{Name: "pids", Dir: "/sys/fs/cgroup/user.slice", Usable: true},
		}},
		Bwrap:  probe.Program{Path: "/usr/bin/bwrap", Version: "0.8.0"},
		Docker: probe.Socket{Path: "/var/run/docker.sock"},
	}
}

// root makes the machine root's.
func root(f *probe.Facts) {
	f.UID, f.SysAdmin = 0, true
	f.Files.IDMap = works
	f.Disk = probe.Disk{Loop: works, Mkfs: probe.Program{Path: "/usr/sbin/mkfs.ext4"}}
}

// nothingStarts is a machine on which no user namespace can be made.
func nothingStarts(f *probe.Facts, err error) {
	f.Child = probe.Child{Start: fails(err), User: fails(err)}
	f.Door = probe.Door{}
}

// nothingMounts is one on which they can, with nothing to be done in them.
func nothingMounts(f *probe.Facts, err error) {
	f.Child = probe.Child{Start: works, Private: fails(err), Layer: works, Tmpfs: fails(err), Landlock: works, Filter: works}
}

// machines are machines that lack something.
var machines = []struct {
	name string
	fake func(f *probe.Facts)
}{
	{"debian", func(f *probe.Facts) {}},
	{"debian-root", root},
	{"ubuntu-apparmor", func(f *probe.Facts) {
		f.Kernel, f.Label = "6.8.0-31-generic", "unconfined"
		f.Sysctls["kernel.apparmor_restrict_unprivileged_userns"] = "1"
		nothingMounts(f, syscall.EACCES)
	}},
	{"ubuntu-apparmor-without-profile", func(f *probe.Facts) {
		f.Sysctls["kernel.apparmor_restrict_unprivileged_userns"] = "1"
		nothingStarts(f, syscall.EACCES)
	}},
	{"ubuntu-root", func(f *probe.Facts) {
		root(f)
		f.Sysctls["kernel.apparmor_restrict_unprivileged_userns"] = "1"
	}},
	{"docker", func(f *probe.Facts) {
		f.Container, f.Seccomp, f.Label = "docker", 2, "docker-default (enforce)"
		f.TempFS = "overlay"
		nothingStarts(f, syscall.EPERM)
	}},
	{"docker-root", func(f *probe.Facts) {
		root(f)
		f.Container, f.Seccomp, f.SysAdmin = "docker", 2, false
		nothingStarts(f, syscall.EPERM)
		f.Child.Layer = fails(syscall.EPERM)
		f.Files.IDMap = fails(syscall.EPERM)
		for i := range f.Cgroups.Controllers {
			f.Cgroups.Controllers[i].Usable = false
		}
	}},
	{"docker-root-with-sys-admin", func(f *probe.Facts) {
		root(f)
		f.Container, f.Seccomp = "docker", 2
		f.Child.Pivot = fails(syscall.EPERM)
		f.Door.Memory = fails(syscall.EPERM)
	}},
	{"docker-masked-proc", func(f *probe.Facts) {
		f.Container = "docker"
		f.Child.Proc = fails(syscall.EPERM)
	}},
	{"docker-apparmor", func(f *probe.Facts) {
		f.Container, f.Label = "docker", "docker-default (enforce)"
		nothingMounts(f, syscall.EACCES)
	}},
	{"podman", func(f *probe.Facts) {
		f.Container, f.Seccomp, f.Label = "podman", 2, "system_u:system_r:container_t:s0:c1,c2"
		nothingStarts(f, syscall.EPERM)
	}},
	{"podman-masked-proc", func(f *probe.Facts) {
		f.Container = "podman"
		f.Child.Proc = fails(syscall.EPERM)
	}},
	{"kubernetes", func(f *probe.Facts) {
		f.Container, f.Seccomp = "kubernetes", 2
		nothingStarts(f, syscall.EPERM)
	}},
	{"gvisor", func(f *probe.Facts) {
		f.Container, f.Kernel = "gvisor", "4.4.0"
		f.Child = probe.Child{Start: works, Private: works, Layer: works, Tmpfs: fails(syscall.ENOSYS), Filter: works, Landlock: fails(syscall.ENOSYS)}
		f.Door = probe.Door{Listener: fails(syscall.EINVAL), Killable: fails(syscall.EINVAL)}
	}},
	{"state-on-overlay", func(f *probe.Facts) {
		f.Container, f.TempFS = "docker", "overlay"
		f.Child.Overlay, f.Child.Cover = fails(syscall.EINVAL), probe.Trial{}
	}},
	{"state-not-writable", func(f *probe.Facts) {
		f.Files = probe.Files{Temp: fails(syscall.EROFS)}
		f.Child.Layer, f.Child.Overlay, f.Child.Cover = fails(syscall.ENOENT), probe.Trial{}, probe.Trial{}
	}},
	{"no-overlay", func(f *probe.Facts) {
		f.Filesystems = []string{"proc", "tmpfs"}
		f.Child.Overlay, f.Child.Cover = fails(syscall.ENODEV), probe.Trial{}
	}},
	{"overlay-of-root-only", func(f *probe.Facts) {
		f.Kernel = "5.10.0-26-amd64"
		f.Child.Overlay, f.Child.Cover = fails(syscall.EPERM), probe.Trial{}
		f.Door.Killable, f.Door.Waits = fails(syscall.EINVAL), fails(syscall.EINTR)
		f.Door.SyncWake = fails(syscall.EINVAL)
		f.Child.Landlock, f.Calls.LandlockABI = fails(syscall.ENOSYS), 0
	}},
	{"overlay-on-odd-files", func(f *probe.Facts) {
		f.TempFS = "nfs"
		f.Child.Overlay, f.Child.Cover = fails(syscall.EINVAL), probe.Trial{}
	}},
	{"no-notification", func(f *probe.Facts) {
		f.Kernel = "4.19.0-25-amd64"
		f.Door = probe.Door{Listener: fails(syscall.EINVAL), Killable: fails(syscall.EINVAL)}
		f.Calls.PIDFD, f.Calls.Openat2, f.Calls.CloseRange = fails(syscall.ENOSYS), fails(syscall.ENOSYS), fails(syscall.ENOSYS)
	}},
	{"interrupted-notification", func(f *probe.Facts) {
		f.Door.Waits = fails(syscall.EINTR)
	}},
	{"in-a-sandbox", func(f *probe.Facts) {
		f.Door = probe.Door{Listener: fails(syscall.EBUSY), Killable: fails(syscall.EBUSY)}
	}},
	{"no-seccomp", func(f *probe.Facts) {
		f.Child.Filter = fails(syscall.ENOSYS)
		f.Door = probe.Door{Listener: fails(syscall.ENOSYS), Killable: fails(syscall.ENOSYS)}
	}},
	{"yama", func(f *probe.Facts) {
		f.Sysctls["kernel.yama.ptrace_scope"] = "3"
		f.Door.Memory = fails(syscall.EPERM)
	}},
	{"sysctl-off", func(f *probe.Facts) {
		f.Sysctls["kernel.unprivileged_userns_clone"] = "0"
		nothingStarts(f, syscall.EPERM)
	}},
	{"limit-of-none", func(f *probe.Facts) {
		f.Sysctls["user.max_user_namespaces"] = "0"
		nothingStarts(f, syscall.ENOSPC)
	}},
	{"no-network-namespaces", func(f *probe.Facts) {
		f.Child = probe.Child{Start: fails(syscall.EINVAL), User: works, Namespaces: map[string]probe.Trial{"mount": works, "pid": works, "net": fails(syscall.EINVAL)}}
		f.Door = probe.Door{}
	}},
	{"filtered", func(f *probe.Facts) {
		f.Seccomp = 2
		f.Calls.Openat2 = fails(syscall.EPERM)
		f.Child.Tmpfs, f.Child.Bind, f.Child.Proc = fails(syscall.ENOSYS), probe.Trial{}, probe.Trial{}
	}},
	{"unexplained", func(f *probe.Facts) { nothingStarts(f, syscall.EPERM) }},
	{"not-delegated", func(f *probe.Facts) {
		f.Cgroups.Controllers = []probe.Controller{{Name: "memory", Dir: "/x"}, {Name: "cpu"}, {Name: "pids", Dir: "/x", Usable: true}}
	}},
	{"delegated-and-occupied", func(f *probe.Facts) {
		f.Cgroups.Occupied = true
		for i := range f.Cgroups.Controllers {
			f.Cgroups.Controllers[i].Usable = false
		}
	}},
	{"no-disk-limits", func(f *probe.Facts) {
		root(f)
		f.Disk.Mkfs = probe.Program{}
	}},
	{"no-loop-devices", func(f *probe.Facts) {
		root(f)
		f.Disk.Loop = fails(syscall.ENOENT)
	}},
	{"cgroup-v1", func(f *probe.Facts) {
		f.Cgroups.Mode = "legacy"
		f.Cgroups.Controllers = []probe.Controller{{Name: "memory", Dir: "/x"}, {Name: "cpu", Dir: "/y"}, {Name: "pids", Dir: "/z"}}
	}},
	{"bare", func(f *probe.Facts) {
		f.Cgroups = probe.Cgroups{Controllers: []probe.Controller{{Name: "memory"}, {Name: "cpu"}, {Name: "pids"}}}
		f.Bwrap = probe.Program{}
		f.Docker = probe.Socket{Path: "/var/run/docker.sock", Err: syscall.EACCES}
		f.Files.Reflink = fails(syscall.EOPNOTSUPP)
		f.Child.Landlock, f.Calls.LandlockABI = fails(syscall.EOPNOTSUPP), 0
		f.Child.PTY = fails(syscall.EACCES)
	}},
	{"darwin", func(f *probe.Facts) { *f = probe.Facts{OS: "darwin", Arch: "arm64", UID: 501} }},
}

func TestDiagnose(t *testing.T) {
	for _, m := range machines {
		t.Run(m.name, func(t *testing.T) {
			f := debian()
			m.fake(f)
			r := runtime.Diagnose(f)
			golden.Check(t, filepath.Join("testdata", "report", m.name+".golden"), missing(r))
			consistent(t, r)
		})
	}
}

// missing writes what a report says is missing, and the error.
func missing(r *runtime.Report) string {
	var b strings.Builder
	for _, f := range r.Features {
		if !f.Available {
			fmt.Fprintf(&b, "%s (required: %v)\n  missing: %s\n  remedy:  %s\n", f.Name, f.Required, f.Missing, f.Remedy)
		}
	}
	for _, g := range r.Guarantees {
		if !g.Holds {
			fmt.Fprintf(&b, "not: %s, for want of %s\n", g.What, strings.Join(g.Missing, ", "))
		}
	}
	fmt.Fprintf(&b, "error: %v\n", r.Err())
	return b.String()
}

// consistent checks what holds for all reports.
func consistent(t *testing.T, r *runtime.Report) {
	t.Helper()
	blocked := false
	for _, f := range r.Features {
		if f.Name == "" || f.Purpose == "" {
			t.Errorf("%+v lacks a name or a purpose", f)
		}
		if f.Available != (f.Missing == "") || f.Available != (f.Remedy == "") {
			t.Errorf("%+v: a reason and a remedy belong to what is missing, and to nothing else", f)
		}
		if again, ok := r.Feature(f.Name); !ok || again != f {
			t.Errorf("there are two features named %s", f.Name)
		}
		blocked = blocked || f.Required && !f.Available
	}
	if _, ok := r.Feature("no such feature"); ok {
		t.Error("a feature was found that there is not")
	}
	err := r.Err()
	if blocked != (err != nil) || err != nil && !errors.Is(err, runtime.ErrUnsupported) {
		t.Errorf("the error is %v", err)
	}
	for _, g := range r.Guarantees {
		for _, name := range g.By {
			if _, ok := r.Feature(name); !ok {
				t.Errorf("%q is enforced by %s, which is no feature", g.What, name)
			}
		}
		if g.Holds != (len(g.Missing) == 0) {
			t.Errorf("%+v", g)
		}
	}
}

// TestReportText is what a person reads.
func TestReportText(t *testing.T) {
	for _, name := range []string{"debian", "docker"} {
		for _, m := range machines {
			if m.name == name {
				f := debian()
				m.fake(f)
				golden.Check(t, filepath.Join("testdata", "report", "text-"+name+".golden"), runtime.Diagnose(f).String())
			}
		}
	}
}

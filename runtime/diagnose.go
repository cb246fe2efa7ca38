// SPDX-License-Identifier: MIT

package runtime

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/sandbox-rls/sandbox/internal/probe"
)

// diagnose says what facts mean. It is pure.
func diagnose(f *probe.Facts) *Report {
	r := &Report{Machine: Machine{
		OS: f.OS, Arch: f.Arch, Kernel: f.Kernel, UID: f.UID, Container: f.Container, Label: f.Label,
		Cgroups: f.Cgroups.Mode, StateDir: f.TempDir, StateFS: f.TempFS, Settings: f.Sysctls,
	}}
	if f.OS != "linux" {
		r.Features = []Feature{{
			Name: FeatureLinux, Required: true, Purpose: "everything",
			Missing: "sandboxes are made of Linux's namespaces, and this is " + f.OS,
			Remedy:  "run it on Linux, in a virtual machine for instance",
		}}
		return r
	}
	d := &diagnosis{f}
	r.Features = []Feature{
		d.userNamespaces(), d.namespaces(), d.mounts(), d.proc(), d.stateDirectory(), d.overlay(),
		d.seccomp(), d.notify(), d.waitKillable(), d.memory(), d.systemCalls(),
		d.landlock(), d.terminals(), d.idMappedMounts(), d.cgroups(), d.diskLimits(),
		d.synchronousWakes(), d.reflink(), d.bubblewrap(), d.docker(),
	}
	r.Guarantees = guarantees(r)
	return r
}

type diagnosis struct{ *probe.Facts }

// without fills in why a feature is missing.
func (f Feature) without(r reason) Feature {
	f.Available, f.Missing, f.Remedy = false, r.missing, r.remedy
	return f
}

func (d *diagnosis) userNamespaces() Feature {
	f := Feature{Name: FeatureUserNamespaces, Required: true, Purpose: "sandboxes without root; as root, processes that are nobody on the host"}
	t := d.Child.Start
	if t.Err != nil {
		t = d.Child.User
	}
	if t.Works() {
		f.Available = true
		if d.UID == 0 && !d.Ranged {
			f.Detail = "root is mapped as any other user: the range of users for sandboxes does not exist here"
		}
		return f
	}
	return f.without(d.noNamespaces("user", t.Err))
}

func (d *diagnosis) namespaces() Feature {
	f := Feature{Name: FeatureNamespaces, Required: true, Purpose: "mounts, processes, IPC, host name and network of its own"}
	if d.Child.Start.Works() {
		f.Available = true
		return f
	}
	if !d.Child.User.Works() {
		return f.without(after(FeatureUserNamespaces))
	}
	for _, name := range []string{"mount", "pid", "ipc", "uts", "net", "cgroup"} {
		if t := d.Child.Namespaces[name]; t.Err != nil {
			return f.without(d.noNamespaces(name, t.Err))
		}
	}
	return f.without(d.noNamespaces("all together", d.Child.Start.Err))
}

func (d *diagnosis) mounts() Feature {
	f := Feature{Name: FeatureMounts, Required: true, Purpose: "a root of its own, made of read-only parts of the host's"}
	for _, s := range []struct {
		what string
		t    probe.Trial
	}{
		{"making the mount tree private", d.Child.Private},
		{"mounting a tmpfs", d.Child.Tmpfs},
		{"binding /usr read-only", d.Child.Bind},
		{"moving into a new root", d.Child.Pivot},
		{"mounting a devpts", d.Child.Devpts},
	} {
		if !s.t.Works() {
			return f.without(d.noMount(s.what, s.t))
		}
	}
	f.Available = true
	return f
}

func (d *diagnosis) proc() Feature {
	f := Feature{Name: FeatureProc, Required: true, Purpose: "a /proc that shows the sandbox's own processes alone"}
	t := d.Child.Proc
	if t.Works() {
		f.Available = true
		return f
	}
	if errors.Is(t.Err, syscall.EPERM) && d.Child.Tmpfs.Works() {
		return f.without(reason{
			"mounting a new /proc: operation not permitted: parts of this process's own /proc are masked, and a new one would show them",
			d.unmask(),
		})
	}
	return f.without(d.noMount("mounting a /proc", t))
}

func (d *diagnosis) stateDirectory() Feature {
	f := Feature{Name: FeatureStateDirectory, Required: true, Purpose: "snapshots, and what sandboxes change", Detail: d.TempDir + " (" + d.TempFS + ")"}
	switch {
	case d.TempFS == "overlay":
		return f.without(reason{
			d.TempDir + " is on overlayfs, on which no overlay can be written, and so are /var/tmp and /dev/shm",
			"set TMPDIR, or the manager's StateDir, to a directory on another file system, such as a volume or a tmpfs" + d.volume(),
		})
	case !d.Files.Temp.Works():
		return f.without(reason{
			"making a directory in " + d.TempDir + ": " + text(d.Files.Temp),
			"set TMPDIR, or the manager's StateDir, to a directory that this user can write",
		})
	}
	f.Available = true
	return f
}

func (d *diagnosis) overlay() Feature {
	f := Feature{Name: FeatureOverlay, Required: true, Purpose: "hiding paths, and keeping changes beside the tree"}
	for _, s := range []struct {
		what string
		t    probe.Trial
	}{
		{"reaching the layers", d.Child.Layer}, {"mounting an overlay", d.Child.Overlay}, {"covering it read-only", d.Child.Cover},
	} {
		if !s.t.Works() {
			return f.without(d.noOverlay(s.what, s.t))
		}
	}
	f.Available = true
	f.Detail = "with userxattr, on " + d.TempFS
	return f
}

func (d *diagnosis) seccomp() Feature {
	f := Feature{Name: FeatureSeccomp, Required: true, Purpose: "refusing system calls that commands do not need"}
	if d.Child.Filter.Works() {
		f.Available = true
		return f
	}
	return f.without(d.noFilter("installing a filter", d.Child.Filter))
}

func (d *diagnosis) notify() Feature {
	f := Feature{Name: FeatureNotify, Required: true, Purpose: "asking the guard before anything is written"}
	if !d.Door.Listener.Works() {
		return f.without(d.noFilter("installing a filter with a listener", d.Door.Listener))
	}
	if !d.Door.AddFD.Works() {
		return f.without(reason{
			"handing a file to the process that asks: " + text(d.Door.AddFD),
			"it needs SECCOMP_IOCTL_NOTIF_ADDFD, of Linux 5.9 and later",
		})
	}
	f.Available = true
	return f
}

func (d *diagnosis) waitKillable() Feature {
	f := Feature{Name: FeatureWaitKillable, Required: true, Purpose: "signals that do not interrupt, and so repeat for ever, what the guard works on"}
	switch {
	case d.Door.Waits.Works() && d.Door.Killable.Works():
		f.Available = true
		return f
	case !d.Door.Listener.Works():
		return f.without(after(FeatureNotify))
	case d.Door.Killable.Err != nil:
		return f.without(reason{
			"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV is unknown to this kernel: " + text(d.Door.Killable), d.newKernel(),
		})
	}
	return f.without(reason{
		"the kernel takes SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, and lets signals interrupt all the same: " + text(d.Door.Waits),
		"use a kernel that implements it, such as Linux 5.19 or later",
	})
}

func (d *diagnosis) memory() Feature {
	f := Feature{Name: FeatureMemory, Required: true, Purpose: "reading the path in what a process asks the guard"}
	if d.Door.Memory.Works() {
		f.Available = true
		return f
	}
	if !d.Door.Listener.Works() {
		return f.without(after(FeatureNotify))
	}
	what := "reading a child's memory: " + text(d.Door.Memory)
	switch {
	case d.Sysctls["kernel.yama.ptrace_scope"] == "3":
		return f.without(reason{
			what + " (kernel.yama.ptrace_scope = 3)",
			"sysctl kernel.yama.ptrace_scope=1, which takes a reboot to become less than 3",
		})
	case refused(d.Door.Memory.Err):
		return f.without(d.restricted(what))
	}
	return f.without(reason{what, "allow process_vm_readv(2) of one's own children"})
}

func (d *diagnosis) systemCalls() Feature {
	f := Feature{Name: FeatureSystemCalls, Required: true, Purpose: "pidfd_open, openat2, close_range and memfd_create, which nothing can stand in for"}
	var missing []string
	remedy := d.allowCalls()
	for _, c := range []struct {
		name string
		t    probe.Trial
	}{
		{"pidfd_open", d.Calls.PIDFD}, {"openat2", d.Calls.Openat2}, {"close_range", d.Calls.CloseRange}, {"memfd_create", d.Calls.Memfd},
	} {
		if !c.t.Works() {
			missing = append(missing, c.name+" ("+text(c.t)+")")
			if !refused(c.t.Err) {
				remedy = d.newKernel()
			}
		}
	}
	if len(missing) == 0 {
		f.Available = true
		return f
	}
	return f.without(reason{strings.Join(missing, ", "), remedy})
}

func (d *diagnosis) landlock() Feature {
	f := Feature{Name: FeatureLandlock, Purpose: "sandboxes in which nothing may be read (the preset view-only)"}
	t := d.Child.Landlock
	switch {
	case t.Works():
		f.Available, f.Detail = true, fmt.Sprintf("ABI %d", d.Calls.LandlockABI)
		return f
	case !t.Tried:
		return f.without(after(FeatureNamespaces))
	case errors.Is(t.Err, syscall.EOPNOTSUPP):
		return f.without(reason{"Landlock is in this kernel but not switched on", "add landlock to the kernel's parameter lsm="})
	case d.Container == "gvisor" || d.Seccomp == 2:
		return f.without(reason{"confining a process by Landlock: " + text(t), d.allowCalls()})
	}
	return f.without(reason{"Landlock is not in this kernel: " + text(t), "use a kernel with CONFIG_SECURITY_LANDLOCK, Linux 5.13 or later"})
}

func (d *diagnosis) terminals() Feature {
	f := Feature{Name: FeatureTerminals, Purpose: "interactive shells"}
	if d.Child.PTY.Works() {
		f.Available = true
		return f
	}
	return f.without(d.noMount("making a terminal of a new devpts", d.Child.PTY))
}

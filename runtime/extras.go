// SPDX-License-Identifier: MIT

package runtime

import (
	"errors"
	"strings"
	"syscall"
)

func (d *diagnosis) idMappedMounts() Feature {
	f := Feature{Name: FeatureIDMappedMounts, Purpose: "as root, sandboxes on a directory itself, without a copy"}
	switch {
	case d.UID != 0 || !d.Ranged:
		f.Available = true
		f.Detail = "not needed by this user"
		return f
	case d.Files.IDMap.Works():
		f.Available = true
		return f
	case !d.Files.IDMap.Tried:
		return f.without(after(FeatureNamespaces))
	}
	return f.without(reason{
		d.TempDir + " (" + d.TempFS + ") has none: " + text(d.Files.IDMap),
		"nothing: sandboxes are made from a snapshot there, and live ones are refused; or use ext4, xfs, btrfs, or Linux 6.3 and tmpfs",
	})
}

func (d *diagnosis) cgroups() Feature {
	f := Feature{Name: FeatureCgroups, Purpose: "limits of memory, CPU and processes"}
	var usable, closed, absent []string
	for _, c := range d.Cgroups.Controllers {
		switch {
		case c.Usable:
			usable = append(usable, c.Name)
		case c.Dir != "":
			closed = append(closed, c.Name)
		default:
			absent = append(absent, c.Name)
		}
	}
	if d.Cgroups.Mode == "" {
		return f.without(reason{"no cgroup file system is mounted", "mount one at /sys/fs/cgroup"})
	}
	f.Detail = d.Cgroups.Mode
	if len(usable) > 0 {
		f.Detail += ": " + strings.Join(usable, ", ")
	}
	if len(closed)+len(absent) == 0 {
		f.Available = true
		return f
	}
	var r reason
	if len(closed) > 0 {
		r = reason{"this user may not make groups of " + strings.Join(closed, ", "), d.delegate()}
		if d.Cgroups.Occupied {
			r.missing = "this process's group may have others in it, but with limits of " + strings.Join(closed, ", ") + " only when it holds no processes itself"
		}
	}
	if len(absent) > 0 {
		r.missing = join(r.missing, "this process's group is not given "+strings.Join(absent, ", "))
		if r.remedy == "" {
			r.remedy = d.delegate()
		}
	}
	return f.without(r)
}

// delegate is how a user comes to have a cgroup.
func (d *diagnosis) delegate() string {
	switch {
	case d.Container != "":
		return "start the container with a writable cgroup of its own, or limit the container itself"
	case d.Cgroups.Occupied:
		return "set the manager's Config.DelegatedCgroup, with which the process moves itself into a child of its group; " +
			"or run it by systemd-run --user --pty -p Delegate=yes -p DelegateSubgroup=supervisor"
	case d.Cgroups.Mode == "unified":
		return "run it as root, or by systemd-run --user --scope -p Delegate=yes and with the manager's Config.DelegatedCgroup"
	}
	return "run it as root: cgroups of version 1 are not delegated to users"
}

func (d *diagnosis) diskLimits() Feature {
	f := Feature{Name: FeatureDiskLimits, Purpose: "limits of what changes take on disk"}
	const instead = "put the state directory on a file system of that size, which then bounds all sandboxes together"
	switch {
	case d.UID != 0 || !d.Ranged:
		return f.without(reason{"mounting a file system needs root, outside of user namespaces", "run it as root, or " + instead})
	case d.Disk.Mkfs.Path == "":
		return f.without(reason{"there is no mkfs.ext4", "install the package e2fsprogs, or " + instead})
	case !d.Disk.Loop.Works():
		return f.without(reason{"no loop device can be had: " + text(d.Disk.Loop), "give this machine or container loop devices, or " + instead})
	}
	f.Available = true
	return f
}

func (d *diagnosis) synchronousWakes() Feature {
	f := Feature{Name: FeatureSynchronousWakes, Purpose: "writes that take less time"}
	switch {
	case d.Door.SyncWake.Works():
		f.Available = true
		return f
	case !d.Door.SyncWake.Tried:
		return f.without(after(FeatureNotify))
	}
	return f.without(reason{"SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP: " + text(d.Door.SyncWake), "all works without it; Linux 6.6 has it"})
}

func (d *diagnosis) reflink() Feature {
	f := Feature{Name: FeatureReflink, Purpose: "snapshots that share the bytes of what they copy"}
	switch {
	case d.Files.Reflink.Works():
		f.Available = true
		return f
	case !d.Files.Reflink.Tried:
		return f.without(after(FeatureStateDirectory))
	}
	return f.without(reason{
		d.TempDir + " (" + d.TempFS + ") cannot clone files: " + text(d.Files.Reflink),
		"all works without it; btrfs, xfs and bcachefs can, if the tree lies on the same one",
	})
}

func (d *diagnosis) bubblewrap() Feature {
	f := Feature{Name: FeatureBubblewrap, Purpose: "the runtime bwrap"}
	switch {
	case d.Bwrap.Path == "":
		return f.without(reason{"bwrap is not on the PATH", "install the package bubblewrap, or use the native runtime, which needs none"})
	case d.Bwrap.Err != nil:
		return f.without(reason{d.Bwrap.Path + " does not run: " + d.Bwrap.Err.Error(), "install the package bubblewrap anew"})
	}
	f.Available, f.Detail = true, d.Bwrap.Path+" "+d.Bwrap.Version
	return f
}

func (d *diagnosis) docker() Feature {
	f := Feature{Name: FeatureDocker, Purpose: "the runtime docker"}
	switch {
	case d.Docker.Path == "":
		return f.without(reason{"no engine's socket was found", "start a Docker engine, or name its socket by DOCKER_HOST=unix://PATH"})
	case errors.Is(d.Docker.Err, syscall.EACCES):
		return f.without(reason{d.Docker.Path + ": " + d.Docker.Err.Error(), "join the group that owns the socket (usermod -aG docker USER), which is as good as root"})
	case d.Docker.Err != nil:
		return f.without(reason{d.Docker.Path + ": " + d.Docker.Err.Error(), "start the engine"})
	}
	f.Available, f.Detail = true, d.Docker.Path
	return f
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

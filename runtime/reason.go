// SPDX-License-Identifier: MIT

package runtime

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"github.com/sandbox-rls/sandbox/internal/probe"
)

// reason is why a feature is missing, and what to do about that.
type reason struct{ missing, remedy string }

// after is the reason of a feature that could not be tried without another.
func after(feature string) reason {
	return reason{"not tried without " + feature, "see " + feature}
}

// text is what a trial failed with.
func text(t probe.Trial) string {
	switch {
	case !t.Tried:
		return "not tried"
	case t.Err == nil:
		return "works"
	}
	return t.Err.Error()
}

// refused reports whether an error says that one may not, rather than that one
// cannot.
func refused(err error) bool {
	return errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES)
}

// noNamespaces is why a namespace could not be made.
func (d *diagnosis) noNamespaces(kind string, err error) reason {
	limit := "user.max_" + kindLimit(kind) + "_namespaces"
	switch {
	case err == nil:
		return reason{"it was not tried", "report this as a bug"}
	case errors.Is(err, syscall.ENOSPC), d.Sysctls[limit] == "0":
		return reason{
			fmt.Sprintf("the limit of %s namespaces is reached (%s = %s)", kind, limit, d.Sysctls[limit]),
			"sysctl " + limit + "=15000",
		}
	case errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.ENOSYS):
		return reason{fmt.Sprintf("the kernel has no %s namespaces: %v", kind, err), "use a kernel with CONFIG_USER_NS, CONFIG_PID_NS, CONFIG_NET_NS and their like"}
	case refused(err):
		return d.restricted(fmt.Sprintf("making a %s namespace: %v", kind, err))
	}
	return reason{fmt.Sprintf("making a %s namespace: %v", kind, err), "report this as a bug"}
}

func kindLimit(kind string) string {
	switch kind {
	case "pid", "net", "ipc", "uts", "cgroup":
		return kind
	case "mount":
		return "mnt"
	}
	return "user"
}

// restricted finds what it is that keeps a user from what the kernel could do.
func (d *diagnosis) restricted(what string) reason {
	switch {
	case d.Sysctls["kernel.unprivileged_userns_clone"] == "0" && d.UID != 0:
		return reason{
			what + ": user namespaces are root's alone (kernel.unprivileged_userns_clone = 0)",
			"sysctl kernel.unprivileged_userns_clone=1, and for good in /etc/sysctl.d; or run as root",
		}
	case d.Container != "" || d.Seccomp == 2:
		return reason{what + ": " + d.inside(), d.allowCalls()}
	case d.Sysctls["kernel.apparmor_restrict_unprivileged_userns"] == "1" && d.UID != 0:
		return d.appArmor(what)
	}
	return reason{
		what + ": neither a setting nor a container explains it: a security module, or a chroot, which has no user namespaces",
		"look for a denial in the kernel's log (journalctl -k, ausearch -m avc), or run as root",
	}
}

// appArmor is Ubuntu's restriction. Its programs may make user namespaces, but
// do nothing in them.
func (d *diagnosis) appArmor(what string) reason {
	return reason{
		what + ": AppArmor keeps unprivileged programs from using user namespaces " +
			"(kernel.apparmor_restrict_unprivileged_userns = 1, the default of Ubuntu since 23.10)",
		"give this program a profile: write 'abi <abi/4.0>, include <tunables/global> profile sandbox " + d.Program +
			" flags=(unconfined) { userns, }' to /etc/apparmor.d/sandbox and run apparmor_parser -r /etc/apparmor.d/sandbox; " +
			"or lift the restriction for all programs: sysctl kernel.apparmor_restrict_unprivileged_userns=0; or run as root",
	}
}

// inside says what holds the process.
func (d *diagnosis) inside() string {
	switch {
	case d.Container == "":
		return "a seccomp filter that this process was started under refuses it"
	case d.Seccomp == 2:
		return "this is a container (" + d.Container + "), and its seccomp profile refuses it"
	}
	return "this is a container (" + d.Container + "), and its security profile or its missing capabilities refuse it"
}

// newKernel is how the process comes to have what this kernel, or what filters
// its calls, does not know.
func (d *diagnosis) newKernel() string {
	if d.Container == "gvisor" || d.Seccomp == 2 {
		return d.allowCalls()
	}
	return "use Linux 5.19 or later"
}

// allowCalls is how the process comes to be let make namespaces and mounts.
func (d *diagnosis) allowCalls() string {
	switch d.Container {
	case "docker":
		return "start the container with --security-opt seccomp=unconfined --security-opt systempaths=unconfined" + d.unlabel() +
			d.rootNeeds(" --cap-add SYS_ADMIN") + ", or use the runtime docker from outside"
	case "podman":
		return "start the container with --security-opt seccomp=unconfined --security-opt unmask=ALL" + d.unlabel() +
			d.rootNeeds(" --cap-add SYS_ADMIN") + ", or run outside of it"
	case "kubernetes":
		return "give the container a securityContext with seccompProfile.type Unconfined, appArmorProfile.type Unconfined and procMount Unmasked" +
			d.rootNeeds(", and the capability SYS_ADMIN") + ", in a pod with hostUsers: false"
	case "gvisor":
		return "gVisor does not implement what sandboxes need: run outside of it"
	case "":
		return "run it where no filter is set: without systemd's RestrictNamespaces= and SystemCallFilter=, outside of Flatpak, snap and the like"
	}
	return "allow user namespaces, mounts and seccomp in the container's profile, and do not mask its /proc; or run outside of it"
}

// unlabel lifts what AppArmor or SELinux make of a container.
func (d *diagnosis) unlabel() string {
	switch {
	case d.Label == "" || d.Label == "unconfined":
		return ""
	case strings.Contains(d.Label, ":"): // user:role:type:level
		return " --security-opt label=disable"
	}
	return " --security-opt apparmor=unconfined"
}

// rootNeeds is what root, which mounts the layers of sandboxes itself, needs
// besides.
func (d *diagnosis) rootNeeds(what string) string {
	if d.UID == 0 && d.Ranged && !d.SysAdmin {
		return what
	}
	return ""
}

// unmask is how /proc comes to be whole.
func (d *diagnosis) unmask() string {
	switch d.Container {
	case "docker":
		return "start the container with --security-opt systempaths=unconfined"
	case "podman":
		return "start the container with --security-opt unmask=ALL"
	case "kubernetes":
		return "set procMount: Unmasked in the container's securityContext, in a pod with hostUsers: false"
	}
	return "unmount what lies over parts of /proc, or run where nothing does"
}

// volume is how a container comes to have a directory that is not an overlay.
func (d *diagnosis) volume() string {
	if d.Container == "docker" || d.Container == "podman" {
		return " (" + d.Container + " run --tmpfs /tmp:exec, or -v VOLUME:/tmp)"
	}
	return ""
}

// noMount is why something could not be mounted.
func (d *diagnosis) noMount(what string, t probe.Trial) reason {
	switch {
	case !t.Tried && !d.Child.Start.Works():
		return after(FeatureNamespaces)
	case !t.Tried:
		return after(FeatureMounts)
	case errors.Is(t.Err, syscall.ENOSYS):
		return reason{what + ": " + text(t) + ": the mount API (fsopen, open_tree, mount_setattr) is missing", d.newKernel()}
	case refused(t.Err):
		return d.restricted(what + ": " + text(t))
	case errors.Is(t.Err, syscall.EINVAL) && t == d.Child.Pivot:
		return reason{what + ": " + text(t), "the root directory must not be an initial ramdisk (rootfs): boot into a real root, or bind it over itself"}
	}
	return reason{what + ": " + text(t), "report this as a bug"}
}

// noOverlay is why an overlay could not be mounted, or not be used.
func (d *diagnosis) noOverlay(what string, t probe.Trial) reason {
	switch {
	case !d.Files.Temp.Works():
		return after(FeatureStateDirectory)
	case d.TempFS == "overlay":
		return after(FeatureStateDirectory)
	case !t.Tried:
		return d.noMount(what, t)
	case errors.Is(t.Err, syscall.ENODEV):
		r := reason{what + ": the kernel has no overlayfs", "modprobe overlay, as root and once after each boot, or use a kernel with CONFIG_OVERLAY_FS"}
		if slices.Contains(d.Filesystems, "overlay") {
			r.missing = what + ": " + text(t)
		}
		return r
	case what == "reaching the layers" && refused(t.Err):
		return reason{
			what + ": " + text(t) + ": root needs CAP_SYS_ADMIN for that",
			"give root CAP_SYS_ADMIN (docker run --cap-add SYS_ADMIN), or run as an ordinary user",
		}
	case refused(t.Err) && d.Child.Tmpfs.Works() && d.Container == "" && d.Seccomp != 2:
		return reason{what + ": " + text(t) + ": this kernel does not let user namespaces mount an overlay", "use Linux 5.11 or later"}
	case refused(t.Err):
		return d.restricted(what + ": " + text(t))
	}
	return reason{
		fmt.Sprintf("%s on %s (%s): %s: its file system cannot hold the layers", what, d.TempDir, d.TempFS, text(t)),
		"set TMPDIR, or the manager's StateDir, to a directory with user extended attributes: on ext4, xfs or btrfs, or on tmpfs since Linux 6.6",
	}
}

// noFilter is why a seccomp filter could not be installed.
func (d *diagnosis) noFilter(what string, t probe.Trial) reason {
	switch {
	case !t.Tried:
		return after(FeatureNamespaces)
	case errors.Is(t.Err, syscall.EBUSY):
		return reason{
			what + ": this process has a listener already, and a process has one at most: a sandbox within a sandbox is not possible",
			"run it outside of the sandbox, or of what else supervises its system calls",
		}
	case errors.Is(t.Err, syscall.ENOSYS):
		return reason{what + ": the kernel has no seccomp filters", "use a kernel with CONFIG_SECCOMP_FILTER"}
	case errors.Is(t.Err, syscall.EINVAL):
		return reason{what + ": " + text(t) + ": this kernel has no seccomp user notification", d.newKernel()}
	case refused(t.Err):
		return d.restricted(what + ": " + text(t))
	}
	return reason{what + ": " + text(t), "report this as a bug"}
}

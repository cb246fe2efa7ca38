// SPDX-License-Identifier: MIT

package probe

import (
	"io/fs"
	"strconv"
	"strings"
)

// settings are the files beneath /proc/sys that bear on sandboxes.
var settings = []string{
	"user/max_user_namespaces",
	"user/max_mnt_namespaces",
	"user/max_pid_namespaces",
	"user/max_net_namespaces",
	"kernel/unprivileged_userns_clone",
	"kernel/apparmor_restrict_unprivileged_userns",
	"kernel/yama/ptrace_scope",
}

// machine reads what the files of a machine, of which root is the root
// directory, say about it.
func (f *Facts) machine(root fs.FS) {
	f.Container = container(root)
	f.Label = text(root, "proc/self/attr/current")
	f.LSMs = text(root, "sys/kernel/security/lsm")
	status := text(root, "proc/self/status")
	f.Seccomp = int(number(field(status, "Seccomp"), 10))
	f.NoNewPrivs = field(status, "NoNewPrivs") == "1"
	const sysAdmin = 21
	f.SysAdmin = number(field(status, "CapEff"), 16)>>sysAdmin&1 == 1
	f.Sysctls = map[string]string{}
	for _, name := range settings {
		if v := text(root, "proc/sys/"+name); v != "" {
			f.Sysctls[strings.ReplaceAll(name, "/", ".")] = v
		}
	}
	for line := range strings.Lines(text(root, "proc/filesystems")) {
		if w := strings.Fields(line); len(w) > 0 {
			f.Filesystems = append(f.Filesystems, w[len(w)-1])
		}
	}
}

// container tells the kind of container by what engines leave in it.
func container(root fs.FS) string {
	if strings.Contains(text(root, "proc/version"), "gVisor") {
		return "gvisor"
	}
	if exists(root, "var/run/secrets/kubernetes.io") || exists(root, "run/secrets/kubernetes.io") {
		return "kubernetes"
	}
	if exists(root, "run/.containerenv") {
		return "podman"
	}
	if exists(root, ".dockerenv") {
		return "docker"
	}
	// https://systemd.io/CONTAINER_INTERFACE
	if kind := text(root, "run/systemd/container"); kind != "" {
		return kind
	}
	groups := text(root, "proc/self/cgroup") + text(root, "proc/1/cgroup")
	for _, k := range []struct{ sign, kind string }{
		{"/kubepods", "kubernetes"}, {"/docker/", "docker"}, {"/docker-", "docker"}, {"/libpod", "podman"}, {"/lxc/", "lxc"}, {"/lxc.", "lxc"},
	} {
		if strings.Contains(groups, k.sign) {
			return k.kind
		}
	}
	return ""
}

// text is the content of a file without the white space around it; "" if it
// cannot be read.
func text(root fs.FS, name string) string {
	data, err := fs.ReadFile(root, name)
	if err != nil {
		return ""
	}
	return strings.Trim(string(data), " \t\n\x00")
}

func exists(root fs.FS, name string) bool {
	_, err := fs.Stat(root, name)
	return err == nil
}

// field is a line of proc_pid_status(5).
func field(status, key string) string {
	for line := range strings.Lines(status) {
		if v, ok := strings.CutPrefix(line, key+":"); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// number is the value of digits; 0 if there are none.
func number(digits string, base int) uint64 {
	n, err := strconv.ParseUint(digits, base, 64)
	if err != nil {
		return 0
	}
	return n
}

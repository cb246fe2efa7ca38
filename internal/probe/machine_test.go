// SPDX-License-Identifier: MIT

package probe_test

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-rls/sandbox/internal/probe"
)

// tree is a file system that holds these files.
func tree(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, content := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return fsys
}

func TestMachine(t *testing.T) {
	f := probe.Machine(tree(map[string]string{
		"proc/self/status":                                      "Name:\tx\nUid:\t0\nCapEff:\t00000000a80425fb\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n",
		"proc/self/attr/current":                                "docker-default (enforce)\n",
		"sys/kernel/security/lsm":                               "capability,yama,apparmor",
		"proc/sys/user/max_user_namespaces":                     "0\n",
		"proc/sys/kernel/yama/ptrace_scope":                     "1\n",
		"proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1\n",
		"proc/filesystems":                                      "nodev\tproc\n\text4\nnodev\toverlay\n",
	}))
	want := &probe.Facts{
		Seccomp: 2, NoNewPrivs: true, Label: "docker-default (enforce)", LSMs: "capability,yama,apparmor",
		Sysctls:     map[string]string{"user.max_user_namespaces": "0", "kernel.yama.ptrace_scope": "1", "kernel.apparmor_restrict_unprivileged_userns": "1"},
		Filesystems: []string{"proc", "ext4", "overlay"},
	}
	if diff := cmp.Diff(want, f); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if !probe.Machine(tree(map[string]string{"proc/self/status": "CapEff:\t000001ffffffffff\n"})).SysAdmin {
		t.Error("all capabilities do not hold CAP_SYS_ADMIN")
	}
	if probe.Machine(tree(map[string]string{"proc/self/status": "CapEff:\tnonsense\nSeccomp:\n"})).SysAdmin {
		t.Error("nonsense holds CAP_SYS_ADMIN")
	}
	if diff := cmp.Diff(&probe.Facts{Sysctls: map[string]string{}}, probe.Machine(tree(nil))); diff != "" {
		t.Errorf("of a machine without files: -want +got:\n%s", diff)
	}
}

func TestContainer(t *testing.T) {
	for want, files := range map[string]map[string]string{
		"":               {"proc/self/cgroup": "0::/user.slice/user-1000.slice/session-1.scope\n", "proc/version": "Linux version 6.1.0"},
		"docker":         {".dockerenv": ""},
		"podman":         {"run/.containerenv": "engine=\"podman-4.3.1\"\n"},
		"kubernetes":     {".dockerenv": "", "run/secrets/kubernetes.io/serviceaccount/token": ""},
		"gvisor":         {".dockerenv": "", "proc/version": "Linux version 4.4.0 (gVisor)"},
		"systemd-nspawn": {"run/systemd/container": "systemd-nspawn\n"},
		"lxc":            {"proc/1/cgroup": "1:name=systemd:/lxc/box\n"},
	} {
		if got := probe.Machine(tree(files)).Container; got != want {
			t.Errorf("%v: got %q, want %q", files, got, want)
		}
	}
	for group, want := range map[string]string{
		"12:pids:/docker/0123456789abcdef":                            "docker",
		"0::/system.slice/docker-0123456789abcdef.scope":              "docker",
		"0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-1":     "kubernetes",
		"0::/machine.slice/libpod-0123456789abcdef.scope/container":   "podman",
		"0::/user.slice/user-1000.slice/user@1000.service/app.slice/": "",
	} {
		if got := probe.Machine(tree(map[string]string{"proc/self/cgroup": group + "\n"})).Container; got != want {
			t.Errorf("%s: got %q, want %q", group, got, want)
		}
	}
}

// SPDX-License-Identifier: MIT

package runtime

import (
	"fmt"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// The user that commands run as, and its home.
const (
	UserID   = 1000
	GroupID  = 1000
	UserName = "agent"
	Home     = "/home/agent"
)

// Network says which network a sandbox has.
type Network string

// The networks. The zero value is NetworkNone.
const (
	NetworkNone Network = "none" // a loopback interface of its own
	NetworkHost Network = "host" // the host's
	// NetworkBridge is one of the networks of a Networked runtime, Docker's default.
	NetworkBridge Network = "bridge"
)

// SpecOptions are what varies between the specs of sandboxes.
type SpecOptions struct {
	Hostname string
	Network  Network
	// IDs maps the sandbox's users and groups to the host's. See specs.LinuxIDMapping.
	IDs []specs.LinuxIDMapping
	// Dir is the init's working directory.
	Dir string
	// Resources are what the sandbox's processes may use.
	Resources ResourceLimits
}

// NewSpec describes a sandbox in the terms of the OCI runtime specification
// (https://github.com/opencontainers/runtime-spec). It is a pure function: the
// same options give the same spec on every machine. The workspace is not among
// the mounts: see View.
func NewSpec(o SpecOptions) *specs.Spec {
	spec := &specs.Spec{
		Version:  specs.Version,
		Hostname: o.Hostname,
		Root:     &specs.Root{Readonly: true},
		Process: &specs.Process{
			User:            specs.User{UID: UserID, GID: GroupID},
			Cwd:             o.Dir,
			Capabilities:    &specs.LinuxCapabilities{},
			NoNewPrivileges: true,
		},
		Mounts: mounts(o.Resources.MemoryBytes),
		Linux: &specs.Linux{
			UIDMappings: o.IDs,
			GIDMappings: o.IDs,
			Namespaces:  namespaces(o.Network),
			Resources:   o.Resources.Resources(),
		},
	}
	return spec
}

func namespaces(n Network) []specs.LinuxNamespace {
	ns := []specs.LinuxNamespace{
		{Type: specs.UserNamespace},
		{Type: specs.MountNamespace},
		{Type: specs.PIDNamespace},
		{Type: specs.IPCNamespace},
		{Type: specs.UTSNamespace},
		{Type: specs.CgroupNamespace},
	}
	if n != NetworkHost {
		ns = append(ns, specs.LinuxNamespace{Type: specs.NetworkNamespace})
	}
	return ns
}

// mounts are those of the root, in the order in which they are made. What the
// host does not have, of the binds, is left out by the runtime. Each of the
// file systems in memory can take a quarter of the machine's, or of the memory
// limit, or all together three: filled up they leave the processes something, and
// a command that fills one is told ENOSPC rather than killed.
func mounts(memory int64) []specs.Mount {
	size := "size=25%"
	if memory > 0 {
		size = fmt.Sprintf("size=%d", memory/4)
	}
	system := []string{"rbind", "ro", "nosuid", "nodev"}
	list := []specs.Mount{
		{Destination: "/proc", Type: "proc", Source: "proc", Options: []string{"nosuid", "noexec", "nodev"}},
		{Destination: "/tmp", Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "nodev", "mode=1777", size}},
		{Destination: Home, Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "nodev", "mode=0755", size}},
		{Destination: "/dev", Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "noexec", "mode=0755", "size=64k"}},
		{Destination: "/dev/shm", Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "nodev", "noexec", "mode=1777", size}},
		{Destination: "/dev/pts", Type: "devpts", Source: "devpts", Options: []string{"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", fmt.Sprintf("uid=%d", UserID), fmt.Sprintf("gid=%d", GroupID)}},
	}
	for _, node := range []string{"null", "zero", "full", "random", "urandom", "tty"} {
		list = append(list, specs.Mount{Destination: "/dev/" + node, Type: "bind", Source: "/dev/" + node, Options: []string{"bind", "nosuid", "noexec"}})
	}
	for _, dir := range []string{
		"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32",
		"/etc/alternatives", "/etc/ld.so.cache", "/etc/ssl/certs", "/etc/pki",
	} {
		list = append(list, specs.Mount{Destination: dir, Type: "bind", Source: dir, Options: system})
	}
	return list
}

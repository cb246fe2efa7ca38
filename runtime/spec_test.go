// SPDX-License-Identifier: MIT

package runtime_test

import (
	"slices"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/sandbox-rls/sandbox/runtime"
)

func TestSpecHoldsNoPrivilege(t *testing.T) {
	spec := runtime.NewSpec(runtime.SpecOptions{Hostname: "box", Dir: "/workspace"})
	p := spec.Process
	if p.User.UID != runtime.UserID || p.User.GID != runtime.GroupID || !p.NoNewPrivileges {
		t.Errorf("process: %+v", p)
	}
	c := p.Capabilities
	for _, set := range [][]string{c.Bounding, c.Effective, c.Inheritable, c.Permitted, c.Ambient} {
		if len(set) != 0 {
			t.Errorf("capabilities: %v", c)
		}
	}
	if !spec.Root.Readonly {
		t.Error("the root can be written")
	}
}

func TestSpecMounts(t *testing.T) {
	for _, m := range runtime.NewSpec(runtime.SpecOptions{}).Mounts {
		if !slices.Contains(m.Options, "nosuid") {
			t.Errorf("%s is mounted without nosuid: %v", m.Destination, m.Options)
		}
		device := len(m.Destination) > 5 && m.Destination[:5] == "/dev/"
		if m.Type == "bind" && !device && !slices.Contains(m.Options, "ro") {
			t.Errorf("%s of the host can be written", m.Destination)
		}
		for _, private := range []string{"/home", "/root", "/var", "/run", "/etc"} {
			if m.Source == private {
				t.Errorf("%s of the host is bound", private)
			}
		}
	}
}

func TestSpecNetwork(t *testing.T) {
	has := func(n runtime.Network) bool {
		spec := runtime.NewSpec(runtime.SpecOptions{Network: n})
		return slices.ContainsFunc(spec.Linux.Namespaces, func(ns specs.LinuxNamespace) bool { return ns.Type == specs.NetworkNamespace })
	}
	if !has("") || !has(runtime.NetworkNone) || has(runtime.NetworkHost) {
		t.Error("a network namespace belongs to every network but the host's")
	}
}

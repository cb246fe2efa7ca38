// SPDX-License-Identifier: MIT

package launch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/sandbox-rls/sandbox/internal/control"
	"github.com/sandbox-rls/sandbox/internal/golden"
	"github.com/sandbox-rls/sandbox/runtime"
)

// machine is a host as Debian is, with merged directories.
var machine = Host{
	Links:   map[string]string{"/bin": "usr/bin", "/sbin": "usr/sbin", "/lib": "usr/lib", "/lib64": "usr/lib64"},
	Missing: map[string]bool{"/lib32": true, "/libx32": true, "/etc/pki": true},
	Files:   map[string]string{"/etc/os-release": "ID=test\n"},
}

func TestPlan(t *testing.T) {
	view := func(delta string, lower ...string) runtime.View {
		v := runtime.View{Target: "/workspace", Delta: delta}
		for _, dir := range lower {
			v.Lower = append(v.Lower, runtime.Layer{Dir: dir})
		}
		return v
	}
	facade := func(delta string, lower ...string) runtime.View {
		v := view(delta, lower...)
		v.Facade = true
		return v
	}
	inherit := machine
	inherit.Inherit = true
	for _, tc := range []struct {
		name string
		view runtime.View
		host Host
		net  runtime.Network
		hide bool
		kept *os.File
	}{
		{"writable", view("/state/delta", "/state/mask", "/code:base,"), machine, runtime.NetworkNone, false, nil},
		{"facade", facade("/state/delta", "/state/facade", "/state/mask", "/codebase"), machine, runtime.NetworkNone, false, nil},
		{"inherited", view("/state/delta", "/codebase"), inherit, runtime.NetworkHost, false, nil},
		{"read-only", view("", "/codebase"), machine, runtime.NetworkNone, false, nil},
		{"masked-and-hidden", view("", "/state/mask", "/codebase"), machine, runtime.NetworkNone, true, nil},
		{"parked-before", view("", "/codebase"), machine, runtime.NetworkNone, false, new(os.File)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			spec := runtime.NewSpec(runtime.SpecOptions{Hostname: "box", Network: tc.net, Dir: "/workspace"})
			setup, err := Plan(runtime.Config{Spec: spec, View: tc.view, HideContent: tc.hide, Scratch: tc.kept}, tc.host)
			if err != nil {
				t.Fatal(err)
			}
			golden.Check(t, filepath.Join("testdata", "plan", tc.name+".golden"), print(setup))
		})
	}
}

// print writes a set-up as a person would want to read it.
func print(s *control.Setup) string {
	var b strings.Builder
	for _, step := range s.Steps {
		fmt.Fprintln(&b, step)
	}
	fmt.Fprintf(&b, "hostname %s, loopback %v, dir %s, user %d:%d, readable %q, kept %v\n", s.Hostname, s.Loopback, s.Dir, s.UID, s.GID, s.Readable, s.Kept)
	return b.String()
}

// TestPlanLimited says to the init whether anything is limited.
func TestPlanLimited(t *testing.T) {
	for _, limits := range []runtime.ResourceLimits{{}, {PidsLimit: 10}, {MemoryBytes: 64 << 20}} {
		spec := runtime.NewSpec(runtime.SpecOptions{Dir: "/workspace", Resources: limits})
		setup, err := Plan(runtime.Config{Spec: spec, View: runtime.View{Target: "/workspace", Lower: []runtime.Layer{{Dir: "/codebase"}}}}, machine)
		if err != nil {
			t.Fatal(err)
		}
		if want := limits != (runtime.ResourceLimits{}); setup.Limited != want {
			t.Errorf("%+v: %v", limits, setup.Limited)
		}
	}
}

func TestPlanRefuses(t *testing.T) {
	spec := runtime.NewSpec(runtime.SpecOptions{Dir: "/workspace"})
	if _, err := Plan(runtime.Config{Spec: spec, View: runtime.View{Target: "/workspace"}}, machine); err == nil {
		t.Error("a view without a layer was accepted")
	}
	view := runtime.View{Target: "/workspace", Lower: []runtime.Layer{{Dir: "/a"}}}
	for name, mount := range map[string]specs.Mount{
		"a mount of an unknown type": {Destination: "/x", Type: "nfs"},
		"no size":                    {Destination: "/tmp", Type: "tmpfs", Options: []string{"mode=0700"}},
		"a size that is none":        {Destination: "/tmp", Type: "tmpfs", Options: []string{"size=1x"}},
		"sizes that do not add up":   {Destination: "/tmp", Type: "tmpfs", Options: []string{"size=1k"}},
	} {
		spec := runtime.NewSpec(runtime.SpecOptions{Dir: "/workspace"})
		spec.Mounts = append(spec.Mounts, mount)
		if _, err := Plan(runtime.Config{Spec: spec, View: view}, machine); !errors.Is(err, runtime.ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

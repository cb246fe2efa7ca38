// SPDX-License-Identifier: MIT

package bwrap

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/sandbox-rls/sandbox/internal/golden"
	"github.com/sandbox-rls/sandbox/runtime"
	"github.com/sandbox-rls/sandbox/runtime/internal/launch"
)

// machine is a host as Debian is, with merged directories.
var machine = launch.Host{
	Links:   map[string]string{"/bin": "usr/bin", "/sbin": "usr/sbin", "/lib": "usr/lib", "/lib64": "usr/lib64"},
	Missing: map[string]bool{"/lib32": true, "/libx32": true, "/etc/pki": true},
	Files:   map[string]string{"/etc/os-release": "ID=test\n"},
	Inherit: true,
}

func TestTranslate(t *testing.T) {
	codebase := []runtime.Layer{{Dir: "/codebase"}}
	for _, tc := range []struct {
		name string
		spec *specs.Spec
		view runtime.View
		kept *os.File
	}{
		{
			"writable", runtime.NewSpec(runtime.SpecOptions{Hostname: "box", Dir: "/workspace"}),
			runtime.View{Target: "/workspace", Delta: "/state/delta", Lower: append([]runtime.Layer{{Dir: "/state/mask"}}, codebase...)},
			nil,
		},
		{
			"read-only", runtime.NewSpec(runtime.SpecOptions{Hostname: "box", Network: runtime.NetworkHost, Dir: "/srv/work"}),
			runtime.View{Target: "/srv/work", Lower: codebase},
			nil,
		},
		{
			"parked-before", runtime.NewSpec(runtime.SpecOptions{Hostname: "box", Dir: "/workspace"}),
			runtime.View{Target: "/workspace", Lower: codebase},
			new(os.File),
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			setup, err := launch.Plan(runtime.Config{Spec: tc.spec, View: tc.view, Scratch: tc.kept}, machine)
			if err != nil {
				t.Fatal(err)
			}
			s, err := translate(tc.spec, setup.Steps)
			if err != nil {
				t.Fatal(err)
			}
			golden.Check(t, filepath.Join("testdata", "translate", tc.name+".golden"), s.print())
		})
	}
}

// print renders what each does, in the order in which it is done.
func (s *shares) print() string {
	var b strings.Builder
	b.WriteString("holder\n")
	for _, step := range s.holder {
		fmt.Fprintln(&b, " ", step)
	}
	for i, arg := range s.argv {
		switch {
		case i == 0:
			b.WriteString(arg)
		case strings.HasPrefix(arg, "--"):
			b.WriteString("\n  " + arg)
		default:
			b.WriteString(" " + arg)
		}
	}
	b.WriteString("\ninit\n")
	for _, step := range s.init {
		fmt.Fprintln(&b, " ", step)
	}
	return b.String()
}

func TestTranslateRefuses(t *testing.T) {
	spec := runtime.NewSpec(runtime.SpecOptions{Dir: "/workspace"})
	spec.Linux.Namespaces = append(spec.Linux.Namespaces, specs.LinuxNamespace{Type: specs.TimeNamespace})
	if _, err := translate(spec, nil); !errors.Is(err, runtime.ErrUnsupported) {
		t.Errorf("a namespace that bwrap cannot make: %v", err)
	}
	bind := func(at string) specs.Mount {
		return specs.Mount{Destination: at, Type: "bind", Source: "/cache", Options: []string{"bind"}}
	}
	for says, mounts := range map[string][]specs.Mount{
		"/tmp":     {bind("/tmp/cache")},
		"/dev/pts": {bind("/dev/pts/cache")},
		"size=25%": {{Destination: "/mem", Type: "tmpfs", Options: []string{"size=25%"}}, bind("/mem/cache")},
	} {
		refuses(t, says, mounts)
	}
}

func refuses(t *testing.T, says string, mounts []specs.Mount) {
	t.Helper()
	spec := runtime.NewSpec(runtime.SpecOptions{Dir: "/workspace"})
	spec.Mounts = append(spec.Mounts, mounts...)
	setup, err := launch.Plan(runtime.Config{Spec: spec, View: runtime.View{Target: "/workspace", Lower: []runtime.Layer{{Dir: "/codebase"}}}}, machine)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := translate(spec, setup.Steps); !errors.Is(err, runtime.ErrUnsupported) || !strings.Contains(err.Error(), says) {
		t.Errorf("a bind on what bwrap cannot mount: %v", err)
	}
}

func TestExplain(t *testing.T) {
	ended := fmt.Errorf("building the sandbox: %w", runtime.ErrEnded)
	other := errors.New("building the sandbox: mount overlay on /workspace: invalid argument")
	for _, tc := range []struct {
		name, log   string
		err         error
		says        string
		unsupported bool
	}{
		{"too old", "bwrap: Unknown option --perms\n", ended, "0.5.0", true},
		{"no user namespaces", "bwrap: No permissions to creating new namespace, likely because the kernel does not allow non-privileged user namespaces.\n", ended, "user.max_user_namespaces", true},
		{"their limit", "bwrap: Creating new namespace failed: No space left on device\n", ended, "user.max_user_namespaces", true},
		{"AppArmor", "bwrap: setting up uid map: Permission denied\n", ended, "AppArmor", true},
		{"masked /proc", "bwrap: Can't mount proc on /newroot/proc: Operation not permitted\n", ended, "unmasked", true},
		{"anything else", "bwrap: Can't find source path /x: No such file or directory\n", ended, "/x", true},
		{"silence", "", ended, "/usr/bin/bwrap ended", false},
		{"not bwrap", "bwrap: whatever\n", other, "overlay", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := explain("/usr/bin/bwrap", tc.log, tc.err)
			if !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%q does not say %q", err, tc.says)
			}
			if got := errors.Is(err, runtime.ErrUnsupported); got != tc.unsupported {
				t.Errorf("%q: unsupported is %v", err, got)
			}
		})
	}
}

// SPDX-License-Identifier: MIT

package launch

import (
	"math/big"
	"path"
	"slices"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/sandbox-rls/sandbox/internal/control"
	"github.com/sandbox-rls/sandbox/runtime"
)

// FuzzPlan has mounts with options of any kind: what is planned can be said to the
// init, names no place but absolute ones, and loses no attribute.
func FuzzPlan(f *testing.F) {
	f.Add("/tmp", "tmpfs", "tmp", "size=1m\nmode=1777\nnosuid\nnodev", "/workspace")
	f.Add("/dev/shm", "tmpfs", "", "size=50%", "/w")
	f.Add("/usr", "bind", "/usr", "ro\nrbind\nnodev", "/srv/../work")
	f.Add("x", "tmpfs", "", "size=1m", "/w") // of a relative path there is no end of parents
	f.Add("/x", "tmpfs", "", "size=99999999999999999999g", "/")
	f.Add("/dev/pts", "devpts", "", "newinstance\nptmxmode=0666", "work")
	f.Fuzz(func(t *testing.T, dest, kind, source, options, target string) {
		m := specs.Mount{Destination: dest, Type: kind, Source: source, Options: strings.Split(options, "\n")}
		spec := runtime.NewSpec(runtime.SpecOptions{Hostname: "box", Dir: "/workspace"})
		spec.Mounts = append(spec.Mounts, m)
		setup, err := Plan(runtime.Config{Spec: spec, View: runtime.View{Target: target, Lower: []runtime.Layer{{Dir: "/l"}}}}, Host{})
		if err != nil {
			return
		}
		for _, s := range setup.Steps {
			if s.Op != control.OpKeep && !path.IsAbs(s.Target) {
				t.Errorf("%+v", s)
			}
		}
		if _, err := control.Decode(control.Encode(setup)); err != nil {
			t.Errorf("the init does not understand the plan: %v", err)
		}
		attr, _ := split(m.Options)
		at := slices.IndexFunc(setup.Steps, func(s control.Step) bool {
			return s.Target == dest && s.Attr&attr == attr && (s.Op == control.OpBind || s.Op == control.OpTmpfs || s.Op == control.OpTake || s.Op == control.OpProc || s.Op == control.OpDevpts)
		})
		if at < 0 {
			t.Errorf("nothing with the attributes %#x of %+v", attr, m)
		}
	})
}

// FuzzSizeOf asks that sizes are what their text says.
func FuzzSizeOf(f *testing.F) {
	for _, s := range []string{"size=1m", "size=25%", "size=0", "size=281474976710655g", "size=k", "size=1mk", "mode=1", "size=1M"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, option string) {
		n, unit, err := sizeOf(specs.Mount{Destination: "/tmp", Options: []string{option}})
		if err != nil {
			return
		}
		last := option[len(option)-1] | 0x20
		number := new(big.Int)
		number.SetString(strings.TrimRight(strings.TrimPrefix(option, "size="), "%kKmMgG"), 10)
		number.Lsh(number, map[byte]uint{'k': 10, 'm': 20, 'g': 30}[last])
		if !number.IsUint64() || number.Uint64() != n || (unit == "%") != (last == '%'|0x20) {
			t.Errorf("%q is %d %s", option, n, unit)
		}
		if mode := modeOf(specs.Mount{Options: []string{option}}); mode > 0o7777 {
			t.Errorf("%q has mode %o", option, mode)
		}
	})
}

// SPDX-License-Identifier: MIT

package docker

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox/internal/golden"
	"github.com/sandbox-rls/sandbox/runtime"
)

func layers(dirs ...string) []runtime.Layer {
	var list []runtime.Layer
	for _, d := range dirs {
		list = append(list, runtime.Layer{Dir: d})
	}
	return list
}

func TestPlanMounts(t *testing.T) {
	for _, tc := range []struct {
		name string
		view runtime.View
	}{
		{"read-only", runtime.View{Lower: layers("/codebase")}},
		{"masked", runtime.View{Lower: layers("/mask", "/codebase")}},
		{"writable", runtime.View{Lower: layers("/codebase"), Delta: "/delta"}},
		{"facade", runtime.View{Lower: layers("/facade", "/mask", "/codebase"), Facade: true, Above: layers("/base"), Delta: "/delta"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.view.Target = "/workspace"
			steps, err := planMounts(tc.view)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			for _, s := range steps {
				fmt.Fprintln(&b, s)
			}
			golden.Check(t, filepath.Join("testdata", "mounts", tc.name+".golden"), b.String())
		})
	}
	for _, v := range []runtime.View{{Target: "/workspace"}, {Target: "workspace", Lower: layers("/a")}, {Target: "/w", Lower: layers("/a"), Facade: true, Delta: "/d"}} {
		if _, err := planMounts(v); err == nil {
			t.Errorf("%+v was planned", v)
		}
	}
}

func TestDescribe(t *testing.T) {
	o := order{image: "sha256:1", owner: "me", program: "/bin/init", desk: "/tmp/desk"}
	for _, tc := range []struct {
		name    string
		user    string
		network runtime.Network
		limits  runtime.ResourceLimits
	}{
		{"plain", "", "", runtime.ResourceLimits{}},
		{"limited", "1000:1000", runtime.NetworkBridge, runtime.ResourceLimits{MemoryBytes: 64 << 20, CPUQuota: 50_000, CPUShares: 512, PidsLimit: 20}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o.user = tc.user
			cfg := runtime.Config{
				ID: "sb-1", Network: tc.network, View: runtime.View{Target: "/workspace"},
				Spec: runtime.NewSpec(runtime.SpecOptions{Hostname: "box", Dir: "/workspace", Resources: tc.limits}),
			}
			d := describe(cfg, o)
			data, err := json.MarshalIndent([]any{d.Config, d.HostConfig}, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden.Check(t, filepath.Join("testdata", "containers", tc.name+".golden"), string(data)+"\n")
		})
	}
}

func TestCheckNetwork(t *testing.T) {
	for n, ok := range map[runtime.Network]bool{
		"": true, "none": true, "bridge": true, "my_net-1.x": true,
		"container:x": false, "-x": false, "a b": false, "a/b": false, "é": false,
	} {
		if err := checkNetwork(n); (err == nil) != ok {
			t.Errorf("%q: %v", n, err)
		}
	}
}

func TestEnvironment(t *testing.T) {
	const passwd = "root:x:0:0:root:/root:/bin/sh\nbroken\nuser:x:1000:1000::/home/user:/bin/sh"
	for _, tc := range []struct {
		uid   int
		image []string
		want  []string
	}{
		{0, []string{"PATH=/bin"}, []string{"HOME=/root", "USER=root", "PATH=/bin"}},
		{1000, nil, []string{"HOME=/home/user", "USER=user"}},
		{33, []string{"HOME=/srv"}, []string{"HOME=/", "USER=33", "HOME=/srv"}},
	} {
		if got := environment(tc.image, passwd, tc.uid); !slices.Equal(got, tc.want) {
			t.Errorf("user %d: %q, want %q", tc.uid, got, tc.want)
		}
	}
}

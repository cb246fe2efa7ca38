// SPDX-License-Identifier: MIT

package docker_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/fsguard/fsguardtest"
	"github.com/sandbox-rls/sandbox/runtime"
	"github.com/sandbox-rls/sandbox/runtime/docker"
)

// startRemapping starts an engine that remaps users. It finds the range in files that it
// alone sees.
func startRemapping(t *testing.T) *ownEngine {
	t.Helper()
	e := newEngine(t, "--userns-remap=65534:65534") // nobody, who must be one of the machine's
	for _, name := range []string{"subuid", "subgid"} {
		var ranges strings.Builder
		for _, user := range []string{"65534", "nobody", "nogroup"} {
			fmt.Fprintf(&ranges, "%s:2000000:65536\n", user)
		}
		if err := os.WriteFile(filepath.Join(e.dir, name), []byte(ranges.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	e.prelude = "touch /etc/subuid /etc/subgid && mount --bind " + e.dir + "/subuid /etc/subuid && mount --bind " + e.dir + "/subgid /etc/subgid"
	e.start(t)
	e.load(t)
	return e
}

// TestRemapped has an engine to which the container's users are others of the host.
func TestRemapped(t *testing.T) {
	e := startRemapping(t)
	m := manager(t)
	for name, user := range map[string]string{"root": "", "1000": "1000:1000"} {
		t.Run(name, func(t *testing.T) {
			rt := open(t, busybox, docker.WithHost(e.host), docker.WithUser(user))
			sb := newSandbox(t, rt, map[string]string{"a": "a\n"}, sandbox.WithPreset("full-access"), sandbox.WithResources(sandbox.ResourceLimits{MemoryBytes: 64 << 20}))
			if r := run(t, sb, "awk '{print $2}' /proc/self/uid_map"); r.Stdout != "2000000\n" {
				t.Fatalf("it remaps nobody: %+v", r)
			}
			if err := sb.WriteFile(t.Context(), "host", []byte("host\n")); err != nil {
				t.Fatal(err)
			}
			me := "0 0"
			if user != "" {
				me = "1000 1000"
			}
			r := run(t, sb, "echo b >> a && mkdir d && echo c > d/c && echo more >> host && chmod 600 host && stat -c '%u %g' . a d d/c host | sort -u")
			if r.Stdout != me+"\n" {
				t.Errorf("the owner: %+v", r)
			}
			if data, err := sb.ReadFile(t.Context(), "host"); err != nil || string(data) != "host\nmore\n" {
				t.Errorf("got %q, %v", data, err)
			}
			if r := run(t, sb, "dd if=/dev/zero of=/dev/null bs=200M count=1"); !r.OOMKilled {
				t.Errorf("too much memory: %+v", r)
			}
			if err := refused(t, rt, sandbox.WithNetwork(sandbox.NetworkHost)); !errors.Is(err, runtime.ErrUnsupported) || !strings.Contains(err.Error(), "userns-remap") {
				t.Errorf("the host's network: %v", err)
			}
			if user != "" {
				return // the map is the same
			}
			fsguardtest.Run(t, func(t *testing.T, dir string, rules []fsguard.Rule) fsguardtest.Box {
				sb, err := m.FromLocal(t.Context(), dir, sandbox.WithRules(rules...), sandbox.WithOutputLimit(-1), sandbox.WithRuntime(rt))
				if err != nil {
					t.Fatal(err)
				}
				return &guardBox{t, sb}
			}, fsguardtest.WithProbe(build(t, probePackage)), fsguardtest.WithForeignFilter())
		})
	}
}

//go:build linux

package docker_test

import (
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/runtime/docker"
)

func TestSmoke(t *testing.T) {
	rt := docker.New(docker.WithImage("sandbox-test/busybox"))
	defer rt.Close()
	t0 := time.Now()
	sb, err := sandbox.FromLocal(t.Context(), "testdata", sandbox.WithRuntime(rt), sandbox.WithPreset("development"))
	if err != nil {
		t.Fatal(err)
	}
	defer sb.Close()
	t.Log("start", time.Since(t0))
	for _, c := range []string{"true", "id; ls -la . /; cat /proc/self/mountinfo; cat /proc/self/cgroup", "echo x > new; ls -la; cat new", "env", "true"} {
		t0 := time.Now()
		r, err := sb.Run(t.Context(), c)
		t.Log(time.Since(t0))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d\n%s%s", c, r.ExitCode, r.Stdout, r.Stderr)
	}
	ch, err := sb.Changes(t.Context())
	t.Logf("%+v %v", ch, err)
}

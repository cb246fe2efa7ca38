// SPDX-License-Identifier: MIT

package docker_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/runtime"
	"github.com/sandbox-rls/sandbox/runtime/docker"
)

// small makes a file system of some megabytes at a directory.
func small(t *testing.T, dir, megabytes string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=711,size="+megabytes+"m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
}

// fill takes all that is left of a file system, until the function is called.
func fill(t *testing.T, dir string) (free func()) {
	t.Helper()
	name := filepath.Join(dir, "filler")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatal(err)
	}
	return func() { _ = os.Remove(name) }
}

// TestEngineFull has an engine with no space left for another container.
func TestEngineFull(t *testing.T) {
	e := newEngine(t)
	small(t, e.dir+"/lib", "64")
	e.start(t)
	e.load(t)
	rt := open(t, busybox, docker.WithHost(e.host))
	sb := newSandbox(t, rt, nil, sandbox.WithPreset("full-access"))
	first := containers(t, e.Client, "")
	free := fill(t, e.dir+"/lib")
	err := refused(t, rt)
	if !errors.Is(err, unix.ENOSPC) || !strings.Contains(err.Error(), e.host) {
		t.Errorf("got %v", err)
	}
	if left := containers(t, e.Client, ""); len(left) != len(first) {
		t.Errorf("left: %+v", left)
	}
	// The one that runs has its changes elsewhere.
	if r := run(t, sb, "echo x > file && cat file; echo x > /tmp/file"); r.Stdout != "x\n" || !strings.Contains(r.Stderr, "No space left") {
		t.Errorf("one that runs: %+v", r)
	}
	free()
	if r := run(t, newSandbox(t, rt, nil), "echo y"); r.Stdout != "y\n" {
		t.Errorf("with space again: %+v", r)
	}
}

// TestStateFull has no space left where the changes of sandboxes are kept.
func TestStateFull(t *testing.T) {
	rt := open(t, busybox)
	state := filepath.Join(t.TempDir(), "state")
	small(t, state, "16")
	m, err := sandbox.NewManager(sandbox.Config{StateDir: state, Runtimes: []runtime.Runtime{rt}})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	sb, err := m.FromLocal(t.Context(), project(t, map[string]string{"a": "a\n"}), sandbox.WithRuntime(rt), sandbox.WithPreset("full-access"))
	if err != nil {
		t.Fatal(err)
	}
	defer sb.Close()
	run(t, sb, "echo kept > file")
	free := fill(t, state)
	if r := run(t, sb, "dd if=/dev/zero of=big bs=64k count=100"); r.ExitCode == 0 || !strings.Contains(r.Stderr, "No space left") {
		t.Errorf("a command: %+v", r)
	}
	if err := sb.WriteFile(t.Context(), "host", make([]byte, 1<<20)); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("WriteFile: %v", err)
	}
	if r := run(t, sb, "cat file a; rm -f big; ls"); !strings.HasPrefix(r.Stdout, "kept\na\n") {
		t.Errorf("another command: %+v", r)
	}
	free()
	if r := run(t, sb, "dd if=/dev/zero of=big bs=64k count=10 2>/dev/null && cat file"); r.Stdout != "kept\n" {
		t.Errorf("with space again: %+v", r)
	}
	if err := sb.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := sb.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := run(t, sb, "cat file"); r.Stdout != "kept\n" {
		t.Errorf("started again: %+v", r)
	}
}

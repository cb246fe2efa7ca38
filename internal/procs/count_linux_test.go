// SPDX-License-Identifier: MIT

package procs_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/procs"
	"github.com/sandbox-rls/sandbox/runtime"
	"github.com/sandbox-rls/sandbox/runtime/native"
)

func TestCount(t *testing.T) {
	rt := native.New()
	t.Cleanup(func() { rt.Close() })
	filter, err := fsguard.Filter(false)
	if err != nil {
		t.Fatal(err)
	}
	in, err := rt.Start(t.Context(), runtime.Config{
		Spec:   runtime.NewSpec(runtime.SpecOptions{Hostname: "test", Dir: "/workspace"}),
		View:   runtime.View{Target: "/workspace", Lower: []runtime.Layer{{Dir: t.TempDir(), MapOwner: rt.Owner().UID >= 0}}},
		Filter: filter,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	root := in.Door().Root
	want := func(n int) {
		t.Helper()
		if got, err := procs.Count(root); got != n || err != nil {
			t.Errorf("got %d, %v; want %d", got, err, n)
		}
	}
	want(0)
	p, said := begin(t, in, "for i in $(seq 299); do sleep 1000 & done; (setsid sleep 1000 &); echo ready; wait")
	line := make([]byte, 6)
	if _, err := said.Read(line); err != nil {
		t.Fatal(err)
	}
	want(301)
	if err := p.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(0)
	in.Kill()
	if n, err := procs.Count(root); err == nil {
		t.Errorf("of a sandbox that has ended: %d", n)
	}
}

func begin(t *testing.T, in runtime.Instance, script string) (runtime.Process, *os.File) {
	t.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	t.Cleanup(func() { r.Close() })
	p, err := in.Start(runtime.Command{
		Argv: []string{"sh", "-c", script}, Env: []string{"PATH=/usr/bin:/bin"}, Dir: "/workspace",
		Stdin: null, Stdout: w, Stderr: null,
	})
	if err != nil {
		t.Fatal(err)
	}
	return p, r
}

// TestCountBelieves looks into roots whose /proc is something else.
func TestCountBelieves(t *testing.T) {
	for name, make := range map[string]func(proc string) error{
		"missing":             func(string) error { return nil },
		"a directory":         func(p string) error { return os.MkdirAll(filepath.Join(p, "17"), 0o755) },
		"a symlink to /proc":  func(p string) error { return os.Symlink("/proc", p) },
		"a symlink to itself": func(p string) error { return os.Symlink("proc", p) },
		"a FIFO":              func(p string) error { return unix.Mkfifo(p, 0o644) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := make(filepath.Join(dir, "proc")); err != nil {
				t.Fatal(err)
			}
			root, err := os.OpenFile(dir, unix.O_PATH|unix.O_DIRECTORY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer root.Close()
			if n, err := procs.Count(root); err == nil {
				t.Errorf("got %d", n)
			}
		})
	}
}

func BenchmarkCount(b *testing.B) {
	root, err := os.OpenFile("/", unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer root.Close()
	n := 0
	for b.Loop() {
		if n, err = procs.Count(root); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n), "processes")
}

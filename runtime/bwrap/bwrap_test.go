// SPDX-License-Identifier: MIT

//go:build linux

package bwrap_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/runtime"
	"github.com/sandbox-rls/sandbox/runtime/bwrap"
	"github.com/sandbox-rls/sandbox/runtime/runtimetest"
)

func TestRuntime(t *testing.T) {
	require(t)
	runtimetest.Run(t, func() runtime.Runtime { return open(t) })
}

// require skips a test when there is no bwrap, and fails it when
// SANDBOX_REQUIRE names any feature.
func require(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("bwrap"); err == nil {
		return
	}
	if os.Getenv("SANDBOX_REQUIRE") != "" {
		t.Fatal("bwrap is missing")
	}
	t.Skip("bwrap is missing")
}

func open(t *testing.T) *bwrap.Runtime {
	t.Helper()
	var opts []bwrap.Option
	if os.Getenv("SANDBOX_TEST_DELEGATED") != "" {
		opts = append(opts, bwrap.WithDelegatedCgroup())
	}
	rt := bwrap.New(opts...)
	t.Cleanup(func() {
		if err := rt.Close(); err != nil {
			t.Error(err)
		}
	})
	return rt
}

// config is that of an empty workspace.
func config(t *testing.T, rt runtime.Runtime, hostname string) runtime.Config {
	t.Helper()
	filter, err := fsguard.Filter(false)
	if err != nil {
		t.Fatal(err)
	}
	return runtime.Config{
		Spec:   runtime.NewSpec(runtime.SpecOptions{Hostname: hostname, Dir: "/workspace"}),
		View:   runtime.View{Target: "/workspace", Lower: []runtime.Layer{{Dir: t.TempDir(), MapOwner: rt.Owner().UID >= 0}}},
		Filter: filter,
	}
}

// works runs a command.
func works(t *testing.T, in runtime.Instance) {
	t.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	p, err := in.Start(runtime.Command{Argv: []string{"/bin/true"}, Dir: "/workspace", Stdin: null, Stdout: null, Stderr: null})
	if err != nil {
		t.Fatal(err)
	}
	if st, err := p.Wait(context.Background()); err != nil || st.ExitCode != 0 {
		t.Errorf("the command ended with %+v, %v", st, err)
	}
}

// TestSubstitute looks for bwrap where there is none.
func TestSubstitute(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	rt := open(t)
	if rt.Name() != "native" || !strings.Contains(rt.Note(), "bwrap") || !strings.Contains(rt.Note(), "install") {
		t.Errorf("the runtime is %s: %s", rt.Name(), rt.Note())
	}
	in, err := rt.Start(t.Context(), config(t, rt, "test"))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	works(t, in)
}

// TestSetUserID uses a bwrap that is set-user-ID root, in a directory that
// nobody else may enter.
func TestSetUserID(t *testing.T) {
	require(t)
	program, err := exec.LookPath("bwrap")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bwrap"), data, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "bwrap"), 0o755|os.ModeSetuid); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	rt := open(t)
	in, err := rt.Start(t.Context(), config(t, rt, "test"))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	works(t, in)
}

// TestFailures are starts that bwrap does not bring to an end.
func TestFailures(t *testing.T) {
	require(t)
	good, err := exec.LookPath("bwrap")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, program, hostname string
		says                    []string
		unsupported             bool
	}{
		{"bwrap complains", good, strings.Repeat("x", 65), []string{"bwrap", "hostname", "Invalid argument"}, true},
		{"another program", "/bin/true", "test", []string{"/bwrap ended", "whether it is bubblewrap"}, false},
		{"not a program", "/etc/passwd", "test", []string{"bwrap was asked for"}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Symlink(tc.program, filepath.Join(dir, "bwrap")); err != nil {
				t.Fatal(err)
			}
			t.Setenv("PATH", dir)
			rt := open(t)
			said := rt.Note()
			if said == "" {
				in, err := rt.Start(t.Context(), config(t, rt, tc.hostname))
				if err == nil {
					in.Close()
					t.Fatal("it started")
				}
				if got := errors.Is(err, runtime.ErrUnsupported); got != tc.unsupported {
					t.Errorf("unsupported is %v", got)
				}
				said = err.Error()
			}
			for _, s := range tc.says {
				if !strings.Contains(said, s) {
					t.Errorf("%q does not say %q", said, s)
				}
			}
		})
	}
	t.Run("removed meanwhile", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.Symlink(good, filepath.Join(dir, "bwrap")); err != nil {
			t.Fatal(err)
		}
		t.Setenv("PATH", dir)
		rt := open(t)
		if err := os.Remove(filepath.Join(dir, "bwrap")); err != nil {
			t.Fatal(err)
		}
		if in, err := rt.Start(t.Context(), config(t, rt, "test")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("got %v, %v", in, err)
		}
	})
}

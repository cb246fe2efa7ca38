// SPDX-License-Identifier: MIT

//go:build linux

package native_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sandbox-rls/sandbox/runtime"
	"github.com/sandbox-rls/sandbox/runtime/native"
	"github.com/sandbox-rls/sandbox/runtime/runtimetest"
)

func TestRuntime(t *testing.T) {
	runtimetest.Run(t, func() runtime.Runtime {
		var opts []native.Option
		if os.Getenv("SANDBOX_TEST_DELEGATED") != "" {
			opts = append(opts, native.WithDelegatedCgroup())
		}
		rt := native.New(opts...)
		t.Cleanup(func() {
			if err := rt.Close(); err != nil {
				t.Error(err)
			}
		})
		return rt
	})
}

// TestWithInit has sandboxes whose init is another, smaller program.
func TestWithInit(t *testing.T) {
	program := filepath.Join(t.TempDir(), "sandbox-init")
	if out, err := exec.Command("go", "build", "-o", program, "github.com/sandbox-rls/sandbox/cmd/sandbox-init").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	rt := native.New(native.WithInit(program))
	defer rt.Close()
	in := start(t, rt, config(t, rt))
	works(t, in)
	children := childrenOf(os.Getpid())
	exe := func(pid int) string { path, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); return path }
	if !slices.ContainsFunc(children, func(pid int) bool { return exe(pid) == program }) {
		t.Errorf("none of the children %v executes %s", children, program)
	}

	other := native.New(native.WithInit("/bin/false"))
	defer other.Close()
	if _, err := other.Start(context.Background(), config(t, other)); err == nil {
		t.Error("a sandbox began whose init is /bin/false")
	}
}

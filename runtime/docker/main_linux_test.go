// SPDX-License-Identifier: MIT

package docker_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/moby/moby/client"

	"github.com/sandbox-rls/sandbox/internal/leaktest"
	"github.com/sandbox-rls/sandbox/runtime/docker"
)

// The images that hack/docker.sh makes.
const (
	busybox = "sandbox-test/busybox"
	bare    = "sandbox-test/bare" // no shell
	debian  = "sandbox-test/debian"
)

// Static programs, for what the test binary may be too dynamic.
const (
	initPackage  = "github.com/sandbox-rls/sandbox/cmd/sandbox-init"
	probePackage = "github.com/sandbox-rls/sandbox/fsguard/fsguardtest/probe"
)

// buildVariable names a directory in which programs are built, to those that tests
// start anew.
const buildVariable = "SANDBOX_DOCKER_TEST_DIR"

func TestMain(m *testing.M) {
	mine := os.Getenv(buildVariable) == ""
	if mine {
		dir, err := os.MkdirTemp("", "sandbox-docker-test-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Setenv(buildVariable, dir)
	}
	before, _ := os.Readlink("/proc/self/ns/mnt")
	code := m.Run()
	if after, err := os.Readlink("/proc/self/ns/mnt"); after != before {
		fmt.Fprintf(os.Stderr, "the first thread is in %s and was in %s: %v\n", after, before, err)
		code = 1
	}
	if mine {
		os.RemoveAll(os.Getenv(buildVariable))
	}
	if code == 0 {
		if err := leaktest.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

var building sync.Mutex

// build returns a static program, which is built once.
func build(t testing.TB, pkg string) string {
	t.Helper()
	building.Lock()
	defer building.Unlock()
	path := filepath.Join(os.Getenv(buildVariable), filepath.Base(pkg))
	if _, err := os.Stat(path); err == nil {
		return path
	}
	cmd := exec.Command("go", "build", "-o", path, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v: %s", pkg, err, bytes.TrimSpace(out))
	}
	return path
}

// engine returns a client of the engine, or skips the test.
func engine(t testing.TB) *client.Client {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("sandboxes in containers need root")
	}
	c, err := client.New(client.FromEnv)
	if err == nil {
		_, err = c.Ping(context.Background(), client.PingOptions{})
	}
	if err == nil {
		t.Cleanup(func() { c.Close() })
		return c
	}
	if os.Getenv("SANDBOX_REQUIRE") != "" {
		t.Fatalf("no engine: %v; `DOCKER_HOST=$(hack/docker.sh start DIR)` starts one", err)
	}
	t.Skipf("no engine: %v", err)
	return nil
}

// open returns a runtime by an image of the tests.
func open(t testing.TB, image string, opts ...docker.Option) *docker.Runtime {
	t.Helper()
	engine(t)
	rt := docker.New(append([]docker.Option{docker.WithImage(image), docker.WithInit(build(t, initPackage))}, opts...)...)
	t.Cleanup(func() {
		if err := rt.Close(); err != nil {
			t.Error(err)
		}
	})
	return rt
}

// SPDX-License-Identifier: MIT

package docker_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/runtime"
	"github.com/sandbox-rls/sandbox/runtime/docker"
)

// sandboxLabel is what containers of sandboxes have.
const sandboxLabel = "io.github.sandbox-rls.sandbox"

// containers lists the containers of a sandbox; of all, for "".
func containers(t testing.TB, c *client.Client, id string) []container.Summary {
	t.Helper()
	label := sandboxLabel
	if id != "" {
		label += "=" + id
	}
	list, err := c.ContainerList(context.Background(), client.ContainerListOptions{All: true, Filters: client.Filters{}.Add("label", label)})
	if err != nil {
		t.Fatal(err)
	}
	return list.Items
}

// eventually waits until something holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// refused makes a sandbox that cannot be started, and returns why.
func refused(t *testing.T, rt *docker.Runtime, opts ...sandbox.Option) error {
	t.Helper()
	sb, err := manager(t).FromLocal(t.Context(), project(t, nil), append([]sandbox.Option{sandbox.WithRuntime(rt)}, opts...)...)
	if err == nil {
		_ = sb.Close()
		t.Fatal("it started")
	}
	return err
}

func TestNoEngine(t *testing.T) {
	engine(t)
	rt := open(t, busybox, docker.WithHost("unix://"+filepath.Join(t.TempDir(), "none.sock")))
	if err := refused(t, rt); !errors.Is(err, docker.ErrEngine) || !strings.Contains(err.Error(), "none.sock") {
		t.Errorf("got %v", err)
	}
	for _, host := range []string{"tcp://127.0.0.1:1", "nonsense"} {
		rt := docker.New(docker.WithHost(host), docker.WithInit(build(t, initPackage)))
		if err := refused(t, rt); !strings.Contains(err.Error(), host) {
			t.Errorf("%s: got %v", host, err)
		}
	}
}

// TestSlowEngine asks one that takes connections and says nothing.
func TestSlowEngine(t *testing.T) {
	engine(t)
	path := filepath.Join(t.TempDir(), "slow.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	rt := open(t, busybox, docker.WithHost("unix://"+path), docker.WithPatience(200*time.Millisecond))
	if err := refused(t, rt); !errors.Is(err, docker.ErrEngine) || !strings.Contains(err.Error(), "200ms") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := manager(t).FromLocal(ctx, project(t, nil), sandbox.WithRuntime(rt)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with an end: %v", err)
	}
}

// stand is a host that stands for an engine.
func stand(t *testing.T, handler http.Handler) (host string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "engine.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return "unix://" + path
}

// TestOldEngine asks one whose API is older than the client can speak, or than what
// containers are made with.
func TestOldEngine(t *testing.T) {
	engine(t)
	for _, version := range []string{"1.12", "1.40"} {
		host := stand(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Api-Version", version)
			_, _ = w.Write([]byte("OK"))
		}))
		rt := open(t, busybox, docker.WithHost(host))
		if err := refused(t, rt); !errors.Is(err, runtime.ErrUnsupported) || !strings.Contains(err.Error(), version+" ") || !strings.Contains(err.Error(), "20.10") {
			t.Errorf("%s: got %v", version, err)
		}
	}
}

// TestHangingEngine has the engine fall silent at each of the calls of a start. It is
// given up in time, and nothing is left.
func TestHangingEngine(t *testing.T) {
	c := engine(t)
	real := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = "http", "engine" },
		Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", strings.TrimPrefix(c.DaemonHost(), "unix://"))
		}},
		FlushInterval: -1,
	}
	for _, call := range []struct{ name, method, path string }{
		{"ping", "HEAD", "_ping"},
		{"info", "GET", "info"},
		{"list", "GET", "containers/json"},
		{"image", "GET", "images/.*/json"},
		{"create", "POST", "containers/create"},
		{"wait", "POST", "containers/[^/]*/wait"},
		{"start", "POST", "containers/[^/]*/start"},
		{"remove", "DELETE", "containers/[^/]*$"},
	} {
		t.Run(call.name, func(t *testing.T) {
			t.Parallel()
			silent := regexp.MustCompile("^/(v[0-9.]*/)?" + call.path)
			asked := make(chan struct{}, 100)
			host := stand(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != call.method || !silent.MatchString(r.URL.Path) {
					real.ServeHTTP(w, r)
					return
				}
				_, _ = io.Copy(io.Discard, r.Body)
				asked <- struct{}{}
				<-r.Context().Done()
			}))
			rt := docker.New(docker.WithImage(busybox), docker.WithInit(build(t, initPackage)), docker.WithHost(host), docker.WithPatience(10*time.Second))
			m := manager(t)
			began := time.Now()
			sb, err := m.FromLocal(t.Context(), project(t, nil), sandbox.WithRuntime(rt))
			if call.name == "remove" {
				if err != nil {
					t.Fatal(err)
				}
				if err := sb.Close(); err != nil {
					t.Error(err)
				}
			} else if !errors.Is(err, docker.ErrEngine) || !strings.Contains(err.Error(), "10s") {
				t.Errorf("got %v", err)
			}
			if took := time.Since(began); took > time.Minute {
				t.Errorf("it took %v", took)
			}
			if len(asked) == 0 {
				t.Error("it was never asked")
			}
			if call.name == "remove" {
				return
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, err := m.FromLocal(ctx, project(t, nil), sandbox.WithRuntime(rt)); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("with an end: %v", err)
			}
		})
	}
	t.Cleanup(func() {
		eventually(t, "no container is left", func() bool { return len(containers(t, engine(t), "")) == 0 })
	})
}

func TestNoImage(t *testing.T) {
	c := engine(t)
	rt := open(t, busybox)
	err := refused(t, rt, sandbox.WithImage("registry.invalid/no/such:image"))
	if !errors.Is(err, docker.ErrImage) || !strings.Contains(err.Error(), "registry.invalid/no/such:image") {
		t.Errorf("got %v", err)
	}
	eventually(t, "no container is left", func() bool { return len(containers(t, c, "")) == 0 })
}

func TestNoProgram(t *testing.T) {
	engine(t)
	t.Setenv("PATH", os.Getenv("PATH"))
	for _, program := range []string{"/no/such/program", "/bin/sh", "/etc/passwd"} {
		rt := docker.New(docker.WithImage(busybox), docker.WithInit(program))
		if err := refused(t, rt); !errors.Is(err, docker.ErrProgram) || !errors.Is(err, runtime.ErrUnsupported) || !strings.Contains(err.Error(), program) {
			t.Errorf("%s: %v", program, err)
		}
	}
	// A static program that is no init of ours.
	rt := docker.New(docker.WithImage(busybox), docker.WithInit(build(t, probePackage)), docker.WithPatience(20*time.Second))
	_ = refused(t, rt)
}

// TestTaken has others do to a container what a sandbox does not survive. The
// sandbox says so, and starts again with its changes.
func TestTaken(t *testing.T) {
	c := engine(t)
	rt := open(t, busybox)
	for name, taken := range map[string]func(id string) error{
		"paused": func(id string) error {
			_, err := c.ContainerPause(t.Context(), id, client.ContainerPauseOptions{})
			return err
		},
		"stopped": func(id string) error {
			now := 0
			_, err := c.ContainerStop(t.Context(), id, client.ContainerStopOptions{Timeout: &now})
			return err
		},
		"killed": func(id string) error {
			_, err := c.ContainerKill(t.Context(), id, client.ContainerKillOptions{Signal: "KILL"})
			return err
		},
		"removed": func(id string) error {
			_, err := c.ContainerRemove(t.Context(), id, client.ContainerRemoveOptions{Force: true})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			sb := newSandbox(t, rt, nil, sandbox.WithPreset("full-access"))
			run(t, sb, "echo kept > file")
			done := make(chan error, 1)
			go func() {
				_, err := sb.Run(context.Background(), "echo started > started; sleep 1000", sandbox.WithTimeout(time.Minute))
				done <- err
			}()
			eventually(t, "the command runs", func() bool { _, err := sb.ReadFile(t.Context(), "started"); return err == nil })
			if err := taken(containers(t, c, sb.ID())[0].ID); err != nil {
				t.Fatal(err)
			}
			if err := <-done; !errors.Is(err, sandbox.ErrSandboxNotRunning) || !errors.Is(err, docker.ErrTaken) {
				t.Errorf("the command ended with %v", err)
			}
			info, err := sb.Info(t.Context())
			if err != nil || info.Status != sandbox.StatusError || info.Reason == "" {
				t.Errorf("got %+v, %v", info, err)
			}
			if _, err := sb.Run(t.Context(), "true"); !errors.Is(err, sandbox.ErrSandboxNotRunning) || !strings.Contains(err.Error(), info.Reason) {
				t.Errorf("another command: %v", err)
			}
			if err := sb.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			if r := run(t, sb, "cat file"); r.Stdout != "kept\n" {
				t.Errorf("got %+v", r)
			}
			if err := sb.Close(); err != nil {
				t.Error(err)
			}
			eventually(t, "no container is left", func() bool { return len(containers(t, c, sb.ID())) == 0 })
		})
	}
}

// ownerVariable makes TestOwnerKilled an owner who waits for the end.
const ownerVariable = "SANDBOX_DOCKER_TEST_OWNER"

// TestOwnerKilled kills the owner of a sandbox: the container is gone, at the latest
// when another owner begins, and what was changed is there.
func TestOwnerKilled(t *testing.T) {
	c := engine(t)
	if state := os.Getenv(ownerVariable); state != "" {
		m, err := sandbox.NewManager(sandbox.Config{StateDir: state, Runtimes: []runtime.Runtime{open(t, busybox)}})
		if err != nil {
			t.Fatal(err)
		}
		sb, err := m.FromLocal(t.Context(), project(t, nil), sandbox.WithRuntimeName("docker"), sandbox.WithPreset("full-access"))
		if err != nil {
			t.Fatal(err)
		}
		run(t, sb, "echo kept > file")
		fmt.Println("sandbox", sb.ID())
		select {}
	}
	state := t.TempDir()
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestOwnerKilled$")
	cmd.Env = append(os.Environ(), ownerVariable+"="+state)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var id string
	for s := bufio.NewScanner(out); id == "" && s.Scan(); {
		id, _ = strings.CutPrefix(s.Text(), "sandbox ")
	}
	if id == "" || len(containers(t, c, id)) != 1 {
		t.Fatalf("the owner of %q did not start", id)
	}
	_ = cmd.Process.Signal(syscall.SIGKILL)
	_ = cmd.Wait()
	rt := open(t, busybox)
	m, err := sandbox.NewManager(sandbox.Config{StateDir: state, Runtimes: []runtime.Runtime{rt}})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	sb, err := sandbox.Connect(t.Context(), id, sandbox.WithService(m))
	if err != nil {
		t.Fatal(err)
	}
	if err := sb.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := run(t, sb, "cat file"); r.Stdout != "kept\n" {
		t.Errorf("got %+v", r)
	}
	if n := len(containers(t, c, id)); n != 1 {
		t.Errorf("there are %d containers", n)
	}
	if err := sb.Close(); err != nil {
		t.Error(err)
	}
	eventually(t, "no container is left", func() bool { return len(containers(t, c, id)) == 0 })
}

// TestSweep leaves a container that bears the label of an owner who is dead.
func TestSweep(t *testing.T) {
	c := engine(t)
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		t.Fatal(err)
	}
	ns, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		t.Fatal(err)
	}
	ns = strings.Trim(strings.TrimPrefix(ns, "pid:"), "[]")
	mine := strings.TrimSpace(string(boot)) + "." + ns
	ids := map[string]string{}
	for name, owner := range map[string]string{
		"dead":      fmt.Sprintf("%s.%d.1", mine, os.Getpid()), // the number is another's now
		"elsewhere": fmt.Sprintf("%s.1.%d.1", strings.TrimSpace(string(boot)), os.Getpid()),
		"before":    fmt.Sprintf("another-boot.%s.%d.1", ns, os.Getpid()),
		"nonsense":  "x",
	} {
		made, err := c.ContainerCreate(t.Context(), client.ContainerCreateOptions{Config: &container.Config{
			Image: busybox, Entrypoint: []string{"sleep", "1000"},
			Labels: map[string]string{"io.github.sandbox-rls.owner": owner, sandboxLabel: "sweep-" + name},
		}, HostConfig: &container.HostConfig{NetworkMode: "none"}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_, _ = c.ContainerRemove(context.Background(), made.ID, client.ContainerRemoveOptions{Force: true})
		})
		ids[name] = made.ID
	}
	newSandbox(t, open(t, busybox), nil)
	for name, left := range map[string]bool{"dead": false, "elsewhere": true, "before": false, "nonsense": true} {
		if n := len(containers(t, c, "sweep-"+name)); (n == 1) != left {
			t.Errorf("%s: %d are left", name, n)
		}
	}
}

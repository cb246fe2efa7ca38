// SPDX-License-Identifier: MIT

//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/sandbox-rls/sandbox"
	pb "github.com/sandbox-rls/sandbox/server/sandboxv1"
	"github.com/sandbox-rls/sandbox/server/sandboxv1/sandboxv1connect"
)

// built is a directory that this process has made; "" if it has not.
var built string

// install builds sandboxd and sandbox-init, as they are installed, unless the
// environment names a directory that has them, so that not each user has to build all
// of it anew.
var install = sync.OnceValues(func() (string, error) {
	if dir := os.Getenv("SANDBOXD_TEST_PROGRAMS"); dir != "" {
		return dir, nil
	}
	var err error
	if built, err = os.MkdirTemp("", "sandboxd-test-"); err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", built, ".", "../sandbox-init")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the programs: %w: %s", err, out)
	}
	return built, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		os.RemoveAll(built)
	}
	os.Exit(code)
}

// programs is where the programs are.
func programs(t testing.TB) string {
	t.Helper()
	dir, err := install()
	must(t, err)
	return dir
}

// require skips a test where sandboxes cannot run, and fails it when
// SANDBOX_REQUIRE is set.
func require(t testing.TB) {
	t.Helper()
	err := sandbox.Probe().Err()
	switch {
	case err == nil:
	case os.Getenv("SANDBOX_REQUIRE") != "":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// command is the program, with nothing of this process's environment that would
// change what it does.
func command(ctx context.Context, t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(ctx, filepath.Join(programs(t), "sandboxd"), args...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "SANDBOXD_") && !strings.HasPrefix(v, "OTEL_") && !strings.HasPrefix(v, "DOCKER_HOST=") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "DOCKER_HOST=unix:///nonexistent")
	return cmd
}

// run runs the program to its end.
func run(t testing.TB, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return runWith(t, nil, args...)
}

func runWith(t testing.TB, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := command(ctx, t, args...)
	cmd.Env = append(cmd.Env, env...)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), log.String(), cmd.ProcessState.ExitCode()
}

// refused runs the program, which must say why it does not serve.
func refused(t testing.TB, want string, args ...string) {
	t.Helper()
	_, stderr, code := run(t, args...)
	if code == 0 || code == -1 || !strings.Contains(stderr, want) || strings.Count(stderr, "sandboxd: ") != 1 {
		t.Errorf("sandboxd %q: code %d, %s; want %q", args, code, stderr, want)
	}
}

// daemon is a server that runs.
type daemon struct {
	t       testing.TB
	cmd     *exec.Cmd
	address string // what it says that it listens on
	done    chan struct{}
	log     *buffer
	tls     *tls.Config
	token   string
}

// buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start starts a server and waits until it listens. Without --listen it listens on a
// free port, and without --state-dir it has one of its own.
func start(t testing.TB, args ...string) *daemon {
	t.Helper()
	return startWith(t, nil, args...)
}

func startWith(t testing.TB, env []string, args ...string) *daemon {
	t.Helper()
	given := func(flag string) bool { return slices.Contains(args, flag) || slices.Contains(args, "--config") }
	if !given("--listen") {
		args = append(args, "--listen", "127.0.0.1:0")
	}
	if !given("--state-dir") {
		args = append(args, "--state-dir", t.TempDir())
	}
	d := &daemon{t: t, cmd: command(context.Background(), t, args...), done: make(chan struct{}), log: &buffer{}}
	d.cmd.Env = append(d.cmd.Env, env...)
	d.cmd.Stderr = d.log
	out, err := d.cmd.StdoutPipe()
	must(t, err)
	must(t, d.cmd.Start())
	t.Cleanup(func() {
		_ = d.cmd.Process.Kill()
		<-d.done
		if t.Failed() {
			t.Logf("the server said:\n%s", d.log)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	go func() {
		_ = d.cmd.Wait()
		close(d.done)
	}()
	var ok bool
	if d.address, ok = strings.CutPrefix(strings.TrimSpace(line), "listening on "); !ok {
		t.Fatalf("the server said %q, %v, and %s", line, err, d.log)
	}
	return d
}

// signal sends a signal.
func (d *daemon) signal(sig syscall.Signal) {
	d.t.Helper()
	must(d.t, d.cmd.Process.Signal(sig))
}

// end waits for the end, and returns the exit code.
func (d *daemon) end() int {
	d.t.Helper()
	select {
	case <-d.done:
	case <-time.After(time.Minute):
		d.t.Fatal("the server does not end")
	}
	return d.cmd.ProcessState.ExitCode()
}

// http is a client of the server, of HTTP/2 alone or of HTTP/1.1 alone.
func (d *daemon) http(version2 bool) *http.Client {
	tr := &http.Transport{TLSClientConfig: d.tls.Clone(), Protocols: new(http.Protocols)}
	if version2 {
		tr.Protocols.SetHTTP2(true)
		tr.Protocols.SetUnencryptedHTTP2(true)
	} else {
		tr.Protocols.SetHTTP1(true)
	}
	if path, ok := strings.CutPrefix(d.address, "unix:"); ok {
		tr.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}
	}
	d.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: authorized{tr, d.token}, Timeout: time.Minute}
}

// authorized sends a token with each request.
type authorized struct {
	next  http.RoundTripper
	token string
}

func (a authorized) RoundTrip(r *http.Request) (*http.Response, error) {
	if a.token != "" {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+a.token)
	}
	return a.next.RoundTrip(r)
}

// url is the server's.
func (d *daemon) url() string {
	switch {
	case strings.HasPrefix(d.address, "unix:"):
		return "http://localhost"
	case d.tls != nil:
		return "https://" + d.address
	}
	return "http://" + d.address
}

func (d *daemon) codebases() sandboxv1connect.CodebaseServiceClient {
	return sandboxv1connect.NewCodebaseServiceClient(d.http(true), d.url())
}

func (d *daemon) sandboxes(opts ...connect.ClientOption) sandboxv1connect.SandboxServiceClient {
	return sandboxv1connect.NewSandboxServiceClient(d.http(true), d.url(), opts...)
}

// sandbox makes a running sandbox, all of which can be written.
func (d *daemon) sandbox() string {
	d.t.Helper()
	ctx := context.Background()
	cb, err := d.codebases().CreateCodebase(ctx, &pb.CreateCodebaseRequest{})
	must(d.t, err)
	sb, err := d.sandboxes().CreateSandbox(ctx, &pb.CreateSandboxRequest{CodebaseId: cb.Id, Preset: "full-access", Start: true})
	must(d.t, err)
	return sb.Id
}

// exec runs a command, and returns what it prints.
func (d *daemon) exec(id, command string) (string, error) {
	res, err := d.sandboxes().Exec(context.Background(), &pb.ExecRequest{SandboxId: id, Command: command})
	if err != nil {
		return "", err
	}
	return res.Stdout + res.Stderr, nil
}

// says runs a command that must print something.
func (d *daemon) says(id, command, want string) {
	d.t.Helper()
	if got, err := d.exec(id, command); got != want || err != nil {
		d.t.Errorf("%s printed %q, %v", command, got, err)
	}
}

// alive calls the server.
func (d *daemon) alive() error {
	_, err := d.codebases().ListCodebases(context.Background(), &pb.ListCodebasesRequest{})
	return err
}

// eventually waits until something holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

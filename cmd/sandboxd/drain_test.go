// SPDX-License-Identifier: MIT

//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect"

	pb "github.com/sandbox-rls/sandbox/server/sandboxv1"
)

// health is what the server says of itself.
func (d *daemon) health() (grpc string, status int) {
	d.t.Helper()
	c := d.http(false)
	res, err := c.Post(d.url()+"/grpc.health.v1.Health/Check", "application/json", strings.NewReader("{}"))
	must(d.t, err)
	body, err := io.ReadAll(res.Body)
	must(d.t, err)
	res.Body.Close()
	if res, err = c.Get(d.url() + "/healthz"); err != nil {
		d.t.Fatal(err)
	}
	res.Body.Close()
	return string(body), res.StatusCode
}

func TestDrain(t *testing.T) {
	require(t)
	state := t.TempDir()
	d := start(t, "--state-dir", state, "--drain-timeout", "5m")
	id := d.sandbox()
	if body, status := d.health(); !strings.Contains(body, `_SERVING"`) || strings.Contains(body, "NOT_") || status != http.StatusOK {
		t.Errorf("its health is %s, %d", body, status)
	}
	release, word := make(chan string, 1), "drain-"+rand.Text()
	go func() {
		out, err := d.exec(id, "echo begun > /workspace/begun; sh -c 'trap \"exit 0\" TERM; while :; do sleep 0.01; done' "+word+" 2>/dev/null; echo done | tee /workspace/result")
		if err != nil {
			out = err.Error()
		}
		release <- out
	}()
	eventually(t, "the command runs", func() bool { out, _ := d.exec(id, "cat /workspace/begun"); return out == "begun\n" })
	d.signal(syscall.SIGTERM)
	eventually(t, "it is not serving", func() bool { _, status := d.health(); return status == http.StatusServiceUnavailable })
	if body, _ := d.health(); !strings.Contains(body, `NOT_SERVING"`) {
		t.Errorf("its health is %s", body)
	}
	if got := connect.CodeOf(d.alive()); got != connect.CodeUnavailable {
		t.Errorf("a new call is answered %v", got)
	}
	if _, err := d.exec(id, "true"); connect.CodeOf(err) != connect.CodeUnavailable {
		t.Errorf("a new command is answered %v", err)
	}
	select {
	case out := <-release:
		t.Fatalf("the command ended with %q", out)
	case <-d.done:
		t.Fatal("the server ended")
	case <-time.After(200 * time.Millisecond):
	}
	ended := 0
	for pid := range family(t, d.cmd.Process.Pid) { // nothing can be called any more
		if line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil && strings.HasSuffix(string(line), "\x00"+word+"\x00") {
			if syscall.Kill(pid, syscall.SIGTERM) == nil {
				ended++
			}
		}
	}
	if ended == 0 {
		t.Error("what the command waits for was not found")
	}
	select {
	case out := <-release:
		if out != "done\n" {
			t.Errorf("the command printed %q", out)
		}
	case <-time.After(time.Minute):
		t.Fatal("the command does not end")
	}
	if code := d.end(); code != 0 {
		t.Errorf("it ended with %d", code)
	}
	again := start(t, "--state-dir", state)
	_, err := again.sandboxes().StartSandbox(context.Background(), &pb.StartSandboxRequest{SandboxId: id})
	must(t, err)
	again.says(id, "cat /workspace/result", "done\n")
}

// TestDrainTimeout ends a server whose commands do not end.
func TestDrainTimeout(t *testing.T) {
	require(t)
	d := start(t, "--drain-timeout", "300ms")
	id := d.sandbox()
	result := make(chan error, 1)
	go func() {
		_, err := d.exec(id, "touch /workspace/begun; sleep 1000")
		result <- err
	}()
	eventually(t, "the command runs", func() bool { out, _ := d.exec(id, "ls /workspace"); return out == "begun\n" })
	d.signal(syscall.SIGINT)
	if code := d.end(); code != 0 {
		t.Errorf("it ended with %d", code)
	}
	if err := <-result; err == nil {
		t.Error("the command is said to have ended well")
	} else if code := connect.CodeOf(err); code == connect.CodeInternal || code == connect.CodeUnknown {
		t.Errorf("the command is answered %v", err)
	}
	eventually(t, "it says so", func() bool { return contains(d.log, "not all calls have ended in time") })
}

// TestSecondSignal ends at once.
func TestSecondSignal(t *testing.T) {
	require(t)
	path := filepath.Join(t.TempDir(), "socket")
	d := start(t, "--drain-timeout", "1h", "--listen", "unix:"+path)
	id := d.sandbox()
	go d.exec(id, "touch /workspace/begun; sleep 1000")
	eventually(t, "the command runs", func() bool { out, _ := d.exec(id, "ls /workspace"); return out == "begun\n" })
	d.signal(syscall.SIGTERM)
	eventually(t, "it is ending", func() bool { return d.alive() != nil })
	d.signal(syscall.SIGTERM)
	if code := d.end(); code != 1 {
		t.Errorf("it ended with %d", code)
	}
	if _, err := net.Dial("unix", path); err == nil {
		t.Error("somebody listens")
	}
}

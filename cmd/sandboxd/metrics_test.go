// SPDX-License-Identifier: MIT

//go:build linux

package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"connectrpc.com/connect"

	pb "github.com/sandbox-rls/sandbox/server/sandboxv1"
)

func (d *daemon) metrics() string {
	d.t.Helper()
	res, err := d.http(false).Get(d.url() + "/metrics")
	must(d.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	must(d.t, err)
	return string(body)
}

func TestMetrics(t *testing.T) {
	require(t)
	d := start(t)
	id := d.sandbox()
	d.says(id, "echo hello", "hello\n")
	if _, err := d.exec("sb_none", "true"); connect.CodeOf(err) != connect.CodeNotFound {
		t.Errorf("got %v", err)
	}
	stream, err := d.sandboxes().ExecStream(context.Background(), &pb.ExecRequest{SandboxId: id, Command: "cat; sleep 1000", Stdin: "12345"})
	must(t, err)
	stream.Receive()
	// What was sent is counted afterwards.
	for _, want := range []string{
		`sandbox_rpc_duration_seconds_count{code="ok",procedure="/sandbox.v1.SandboxService/Exec"} 1`,
		`sandbox_rpc_duration_seconds_count{code="not_found",procedure="/sandbox.v1.SandboxService/Exec"} 1`,
		`sandbox_commands_in_flight 1`,
		`sandbox_sandboxes{status="running"} 1`,
		`sandbox_sent_bytes_total{procedure="/sandbox.v1.SandboxService/ExecStream"} 5`,
		`sandbox_received_bytes_total{procedure="/sandbox.v1.SandboxService/ExecStream"} 5`,
		"go_goroutines", "process_resident_memory_bytes", "sandbox_build_info{",
	} {
		var text string
		defer func() {
			if t.Failed() {
				t.Log(sandboxMetrics(text))
			}
		}()
		eventually(t, want+" is told", func() bool { text = d.metrics(); return strings.Contains(text, want) })
	}
	must(t, stream.Close())
	eventually(t, "the command is over", func() bool { return strings.Contains(d.metrics(), "sandbox_commands_in_flight 0") })
}

func sandboxMetrics(text string) string {
	return strings.Join(regexp.MustCompile(`(?m)^sandbox_.*$`).FindAllString(text, -1), "\n")
}

// TestMetricsListen has them on a socket of their own.
func TestMetricsListen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics")
	d := start(t, "--metrics-listen", "unix:"+path)
	if text := d.metrics(); strings.Contains(text, "sandbox_") {
		t.Errorf("they are on the main address too:\n%s", text)
	}
	at := &daemon{t: t, address: "unix:" + path}
	if text := at.metrics(); !strings.Contains(text, "sandbox_sandboxes") {
		t.Errorf("they are not there:\n%s", text)
	}
	if at.alive() == nil {
		t.Error("calls are served there too")
	}
}

// TestTracing has spans sent to a collector.
func TestTracing(t *testing.T) {
	got := make(chan string, 16)
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- r.URL.Path + " " + string(body)
	}))
	defer collector.Close()
	d := startWith(t, []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + collector.URL}, "--auth")
	d.token = "sbx_not-to-be-seen"
	_ = d.alive()
	d.signal(syscall.SIGTERM)
	d.end()
	select {
	case text := <-got:
		if !strings.HasPrefix(text, "/v1/traces ") || !strings.Contains(text, "ListCodebases") || !strings.Contains(text, "sandboxd") || strings.Contains(text, "not-to-be-seen") {
			t.Errorf("the collector got %q", text)
		}
	default:
		t.Error("the collector got nothing")
	}
}

// SPDX-License-Identifier: MIT

//go:build linux

package server_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/sandbox-rls/sandbox/server"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
	"github.com/sandbox-rls/sandbox/server/sandboxv1/sandboxv1connect"
)

// TestHangup has clients of all protocols hang up while a command runs that is
// silent for longer than a client may be: it is not ended before, and is then.
func TestHangup(t *testing.T) {
	t.Parallel()
	s := newSite(t, server.Limits{Commands: 1, ReadTimeout: time.Second})
	id := s.start(s.codebase())
	run := func(command string) error {
		_, err := s.sb.Exec(t.Context(), &sandboxv1.ExecRequest{SandboxId: id, Command: command, Timeout: durationpb.New(time.Minute)})
		return err
	}
	for name, http := range map[string]*http.Client{"HTTP/1.1": {Transport: http1(t)}, "HTTP/2": http2Client(t)} {
		for protocol, opt := range map[string]connect.ClientOption{"connect": connect.WithClientOptions(), "gRPC-Web": connect.WithGRPCWeb()} {
			c := sandboxv1connect.NewSandboxServiceClient(http, s.url, opt)
			req := &sandboxv1.ExecRequest{SandboxId: id, Command: "sleep 1.5; echo done"}
			if r, err := c.Exec(t.Context(), req); err != nil || r.GetStdout() != "done\n" {
				t.Errorf("%s, %s: %v, %v", name, protocol, r, err)
			}
			stream, err := c.ExecStream(t.Context(), req)
			must(t, err)
			out := ""
			for stream.Receive() {
				out += string(stream.Msg().GetData())
			}
			if stream.Err() != nil || out != "done\n" {
				t.Errorf("%s, %s: a stream: %q, %v", name, protocol, out, stream.Err())
			}
			must(t, stream.Close())
			req.Command = "sleep 1000"
			for kind, call := range map[string]func(context.Context){
				"a call": func(ctx context.Context) { _, _ = c.Exec(ctx, req) },
				"a stream": func(ctx context.Context) {
					if stream, err := c.ExecStream(ctx, req); err == nil {
						stream.Receive()
						_ = stream.Close()
					}
				},
			} {
				ctx, cancel := context.WithCancel(t.Context()) // no deadline, of which the server would know
				timer := time.AfterFunc(1500*time.Millisecond, cancel)
				call(ctx)
				cancel()
				timer.Stop()
				for end := time.Now().Add(time.Minute); run("true") != nil; time.Sleep(10 * time.Millisecond) {
					if time.Now().After(end) {
						t.Fatalf("%s, %s: the command of %s goes on", name, protocol, kind)
					}
				}
			}
		}
	}
}

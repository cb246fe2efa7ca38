// SPDX-License-Identifier: MIT

//go:build linux

package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"syscall"
	"testing"
	"time"

	pb "github.com/sandbox-rls/sandbox/server/sandboxv1"
)

// TestClientsThatDoNotRead ends a server some of whose clients take nothing of what
// they asked for, and send nothing of what they announced: nobody can keep it from
// ending.
func TestClientsThatDoNotRead(t *testing.T) {
	require(t)
	d := start(t, "--drain-timeout", "300ms", "--read-timeout", "-1s")
	ctx := context.Background()
	cb, err := d.codebases().CreateCodebase(ctx, &pb.CreateCodebaseRequest{})
	must(t, err)
	put, err := http.NewRequest("PUT", d.url()+"/v1/codebases/"+cb.Id+"/files/large", bytes.NewReader(make([]byte, 64<<20)))
	must(t, err)
	res, err := d.http(false).Do(put)
	must(t, err)
	must(t, res.Body.Close())
	sb, err := d.sandboxes().CreateSandbox(ctx, &pb.CreateSandboxRequest{CodebaseId: cb.Id, Preset: "full-access", Start: true})
	must(t, err)
	for _, version2 := range []bool{false, true} {
		for _, path := range []string{"/v1/codebases/" + cb.Id + "/archive", "/v1/codebases/" + cb.Id + "/files/large", "/v1/sandboxes/" + sb.Id + "/files/large"} {
			res, err := d.http(version2).Get(d.url() + path)
			must(t, err)
			defer res.Body.Close()
		}
		r, w := io.Pipe()
		defer w.Close()
		up, err := http.NewRequest("PUT", d.url()+"/v1/codebases/"+cb.Id+"/archive", r)
		must(t, err)
		c := d.http(version2)
		go func() {
			if res, err := c.Do(up); err == nil {
				res.Body.Close()
			}
		}()
	}
	stream, err := d.sandboxes().ExecStream(ctx, &pb.ExecRequest{SandboxId: sb.Id, Command: "yes"})
	must(t, err)
	defer stream.Close()
	if !stream.Receive() {
		t.Fatal(stream.Err())
	}
	begun := time.Now()
	d.signal(syscall.SIGTERM)
	if code := d.end(); code != 0 {
		t.Errorf("it ended with %d", code)
	}
	if took := time.Since(begun); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
}

// SPDX-License-Identifier: MIT

//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	pb "github.com/sandbox-rls/sandbox/server/sandboxv1"
	"github.com/sandbox-rls/sandbox/server/sandboxv1/sandboxv1connect"
)

// TestSlowHeaders holds connections open without ever asking for anything.
func TestSlowHeaders(t *testing.T) {
	d := start(t, "--header-timeout", "300ms", "--idle-timeout", "300ms")
	for _, beginning := range []string{
		"",
		"POST /sandbox.v1.CodebaseService/ListCodebases HTTP/1.1\r\nHost: localhost\r\nX-A: ",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
		// A header frame that says more will come.
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00" + "\x00\x00\x01\x01\x00\x00\x00\x00\x01\x82",
	} {
		conn, err := net.Dial("tcp", d.address)
		must(t, err)
		defer conn.Close()
		begun := time.Now()
		if _, err := io.WriteString(conn, beginning); err != nil {
			t.Error(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
		if _, err := io.Copy(io.Discard, conn); err != nil && strings.Contains(err.Error(), "timeout") {
			t.Errorf("after %q it is open for %v", beginning, time.Since(begun))
		}
	}
	must(t, d.alive())
}

// silence is a body of which nothing comes.
type silence struct {
	over context.Context
	stop context.CancelFunc
}

func (s silence) Read([]byte) (int, error) {
	<-s.over.Done()
	return 0, io.ErrUnexpectedEOF
}

func (s silence) Close() error {
	s.stop()
	return nil
}

// TestSlowBody sends a message of which nothing comes any more.
func TestSlowBody(t *testing.T) {
	d := start(t, "--read-timeout", "300ms")
	for _, version2 := range []bool{false, true} {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Second)
		r, err := http.NewRequestWithContext(ctx, "POST", d.url()+"/sandbox.v1.CodebaseService/ListCodebases", silence{ctx, cancel})
		must(t, err)
		r.Header.Set("Content-Type", "application/json")
		begun := time.Now()
		res, err := d.http(version2).Do(r)
		if err == nil {
			_, err = io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}
		if took := time.Since(begun); took > 45*time.Second { // without the flag it is a minute
			t.Errorf("HTTP/2 %v: it took %v, %v", version2, took, err)
		}
		cancel()
	}
	must(t, d.alive())
}

// TestManyHeaders sends more of them than are taken.
func TestManyHeaders(t *testing.T) {
	d := start(t, "--max-header", "8K")
	for _, version2 := range []bool{false, true} {
		for size, want := range map[int]bool{1 << 10: true, 1 << 20: false} {
			r, err := http.NewRequest("GET", d.url()+"/healthz", nil)
			must(t, err)
			for i := range size / 1024 {
				r.Header.Set(fmt.Sprintf("X-%d", i), strings.Repeat("x", 1000))
			}
			res, err := d.http(version2).Do(r)
			if err == nil {
				res.Body.Close()
			}
			if got := err == nil && res.StatusCode == http.StatusOK; got != want {
				t.Errorf("HTTP/2 %v: %d bytes of headers: %v, %v", version2, size, res, err)
			}
		}
	}
	must(t, d.alive())
}

// TestLargeInput sends more standard input than a message may hold.
func TestLargeInput(t *testing.T) {
	require(t)
	d := start(t)
	id := d.sandbox()
	stdin := bytes.Repeat([]byte{'x'}, 100<<20)
	for _, opt := range []connect.ClientOption{connect.WithGRPC(), connect.WithGRPCWeb(), connect.WithClientOptions()} {
		_, err := d.sandboxes(opt).Exec(context.Background(), &pb.ExecRequest{SandboxId: id, Command: "wc -c", StdinData: stdin})
		if connect.CodeOf(err) != connect.CodeResourceExhausted {
			t.Errorf("got %v", err)
		}
	}
	// What comes bit by bit may be as large as it likes.
	stream, err := d.sandboxes().ExecInteractive(context.Background())
	must(t, err)
	must(t, stream.Send(&pb.ExecInput{Input: &pb.ExecInput_Start{Start: &pb.ExecRequest{SandboxId: id, Command: "wc -c"}}}))
	for len(stdin) > 0 {
		must(t, stream.Send(&pb.ExecInput{Input: &pb.ExecInput_Stdin{Stdin: stdin[:1<<20]}}))
		stdin = stdin[1<<20:]
	}
	must(t, stream.CloseRequest())
	out := ""
	for {
		m, err := stream.Receive()
		if err != nil {
			break
		}
		out += string(m.Data)
	}
	if out != "104857600\n" {
		t.Errorf("it printed %q", out)
	}
	must(t, stream.CloseResponse())
}

// TestInteractiveByHTTP1 needs what HTTP/1.1 does not have.
func TestInteractiveByHTTP1(t *testing.T) {
	d := start(t)
	c := sandboxv1connect.NewSandboxServiceClient(d.http(false), d.url())
	stream, err := c.ExecInteractive(context.Background())
	if err == nil {
		_ = stream.Send(&pb.ExecInput{})
		_ = stream.CloseRequest()
		_, err = stream.Receive()
		_ = stream.CloseResponse()
	}
	if err == nil || !strings.Contains(err.Error(), "HTTP") {
		t.Errorf("got %v", err)
	}

	conn, err := net.Dial("tcp", d.address)
	must(t, err)
	defer conn.Close()
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/connect+json\r\nContent-Length: 0\r\n\r\n", sandboxv1connect.SandboxServiceExecInteractiveProcedure)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	must(t, err)
	res.Body.Close()
	if res.StatusCode != http.StatusHTTPVersionNotSupported {
		t.Errorf("it answers %s", res.Status)
	}
	must(t, d.alive())
}

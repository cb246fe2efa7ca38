// SPDX-License-Identifier: MIT

//go:build linux

package server_test

import (
	"encoding/binary"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sandbox-rls/sandbox/server"
)

// endless is a body that counts what is taken of it.
type endless struct {
	head  []byte
	taken atomic.Int64
	most  int64
}

func (e *endless) Read(p []byte) (int, error) {
	if e.taken.Load() >= e.most {
		return 0, io.EOF
	}
	n := copy(p, e.head)
	e.head = e.head[n:]
	for i := n; i < len(p); i++ {
		p[i] = ' '
	}
	e.taken.Add(int64(len(p)))
	return len(p), nil
}

// TestStrangers sends large messages without a token: they are not read.
func TestStrangers(t *testing.T) {
	t.Parallel()
	s := serve(t, manager(t), server.WithAuthenticator(tokens{}))
	const size = 24 << 20
	for _, c := range []struct {
		path, kind string
		head       []byte
	}{
		{"/sandbox.v1.SandboxService/Exec", "application/json", []byte(`{"command":"`)},
		{"/sandbox.v1.SandboxService/Exec", "application/proto", nil},
		{"/sandbox.v1.SandboxService/Exec", "application/grpc", binary.BigEndian.AppendUint32([]byte{0}, size-5)},
		{"/v1/sandboxes/sb_0/exec", "application/json", []byte(`{"command":"`)},
		{"/v1/codebases/cb_0/archive", "application/octet-stream", nil},
	} {
		body := &endless{head: c.head, most: size}
		r, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+c.path, body)
		must(t, err)
		if strings.HasSuffix(c.path, "archive") {
			r.Method = "PUT"
		}
		r.Header.Set("Content-Type", c.kind)
		r.Header.Set("Te", "trailers")
		res, err := http2Client(t).Do(r)
		must(t, err)
		said, err := io.ReadAll(res.Body)
		must(t, err)
		must(t, res.Body.Close())
		if status := res.Header.Get("Grpc-Status") + res.Trailer.Get("Grpc-Status"); res.StatusCode != http.StatusUnauthorized && status != "16" {
			t.Errorf("%s, %s: %s, status %q, %q", c.path, c.kind, res.Status, status, said)
		}
		if n := body.taken.Load(); n > size/2 {
			t.Errorf("%s, %s: %d bytes were taken", c.path, c.kind, n)
		}
	}
}

// TestOddPath uploads a file whose name is no text.
func TestOddPath(t *testing.T) {
	t.Parallel()
	s := newSite(t, server.Limits{})
	url := s.url + "/v1/codebases/" + s.codebase() + "/files/"
	for _, name := range []string{"%FF", "a%0Ab", "%E2%98%83"} {
		if code, body := request(t, "PUT", url+name, "", "content"); code != http.StatusOK || !strings.Contains(body, "checksum") {
			t.Errorf("%s: %d, %s", name, code, body)
		}
		if code, body := request(t, "GET", url+name, "", ""); code != http.StatusOK || body != "content" {
			t.Errorf("%s: %d, %s", name, code, body)
		}
	}
}

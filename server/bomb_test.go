// SPDX-License-Identifier: MIT

//go:build linux

package server_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"net/http"
	"testing"

	"github.com/sandbox-rls/sandbox/server"
)

// bomb is a message of so many bytes that is small on its way: of a field that no
// request has.
func bomb(t *testing.T, size int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(binary.AppendUvarint([]byte{0xfa, 0x7f}, uint64(size)))
	must(t, err)
	_, err = w.Write(make([]byte, size))
	must(t, err)
	must(t, w.Close())
	return b.Bytes()
}

// TestBombs sends messages that are large when they are unpacked, to all that can be
// called; the health service and reflection ask for no token.
func TestBombs(t *testing.T) {
	t.Parallel()
	s := serve(t, manager(t), server.WithAuthenticator(tokens{}), server.WithReflection(), server.WithLimits(server.Limits{MessageBytes: 1 << 20}))
	packed := bomb(t, 8<<20)
	frame := append(binary.BigEndian.AppendUint32([]byte{1}, uint32(len(packed))), packed...)
	for _, path := range []string{
		"/grpc.health.v1.Health/Check", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
		"/sandbox.v1.SandboxService/GetSandbox", "/sandbox.v1.SandboxService/ExecStream",
	} {
		for kind, body := range map[string][]byte{"application/proto": packed, "application/grpc": frame, "application/connect+proto": frame} {
			r, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+path, bytes.NewReader(body))
			must(t, err)
			r.Header.Set("Authorization", "Bearer alice")
			r.Header.Set("Content-Type", kind)
			r.Header.Set("Te", "trailers")
			for _, header := range []string{"Content-Encoding", "Grpc-Encoding", "Connect-Content-Encoding"} {
				r.Header.Set(header, "gzip")
			}
			for _, header := range []string{"Accept-Encoding", "Grpc-Accept-Encoding", "Connect-Accept-Encoding"} {
				r.Header.Set(header, "identity")
			}
			res, err := http2Client(t).Do(r)
			must(t, err)
			said, err := io.ReadAll(res.Body)
			must(t, err)
			must(t, res.Body.Close())
			if res.StatusCode == http.StatusUnsupportedMediaType {
				continue // unary or stream, and the other
			}
			status := res.Trailer.Get("Grpc-Status") + res.Header.Get("Grpc-Status")
			if status != "8" && !bytes.Contains(said, []byte("resource_exhausted")) {
				t.Errorf("%s, %s: %s, status %q, %q", path, kind, res.Status, status, said)
			}
		}
	}
}

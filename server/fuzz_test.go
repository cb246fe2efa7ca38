// SPDX-License-Identifier: MIT

//go:build linux

package server_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server"
)

// FuzzREST makes requests of any method, path and body: each is answered, and no
// answer tells where the server keeps its files.
func FuzzREST(f *testing.F) {
	for _, s := range []struct{ method, target, body string }{
		{"POST", "/v1/codebases", `{"name":"demo"}`},
		{"PUT", "/v1/codebases/cb_0/files/a%2f..%2f..%2fb?mode=0755", "x"},
		{"PUT", "/v1/codebases/cb_0/files/a//b?mode=9", "x"},
		{"GET", "/v1/codebases/cb_0/files?path=..", ""},
		{"PUT", "/v1/codebases/cb_0/archive", strings.Repeat("\x00", 1024)},
		{"GET", "/v1/codebases?page_token=%ff&page_size=-1", ""},
		{"POST", "/v1/sandboxes", `{"codebase_id":"cb_0","permissions":[{"pattern":"[","permission":9}]}`},
		{"POST", "/v1/sandboxes/sb_0/exec", `{"command":"true","timeout":"1x"}`},
		{"PUT", "/v1/sandboxes/sb_0/files/%00", "\xff"},
		{"GET", "/v1/sandboxes/sb_0/diff?path=/etc&path=%zz", ""},
		{"POST", "/sandbox.v1.SandboxService/ListSandboxes", `{"pageToken":"\ud800"}`},
		{"DELETE", "/v1/sandboxes/../../etc", ""},
	} {
		f.Add(s.method, s.target, s.body, "application/json")
	}
	f.Add("POST", "/sandbox.v1.SandboxService/GetSandbox", "\x0a\x04sb_0", "application/proto")
	f.Add("POST", "/sandbox.v1.SandboxService/Exec", "\x00\x00\x00\x00\x02\x0a\x00", "application/grpc")
	f.Add("POST", "/grpc.health.v1.Health/Check", "\x00\xff\xff\xff\xff", "application/grpc-web")
	f.Add("PUT", "/v1/codebases/cb_0/files/f", "--x\r\n\r\n", "multipart/form-data; boundary=x")
	state := f.TempDir()
	m, err := sandbox.NewManager(sandbox.Config{StateDir: state})
	must(f, err)
	f.Cleanup(func() { must(f, m.Close()) })
	codebase, err := m.CreateCodebase(f.Context(), sandbox.CreateCodebaseRequest{})
	must(f, err)
	h, err := server.New(m, server.WithLimits(server.Limits{MessageBytes: 1 << 16, UploadBytes: 1 << 16, SandboxesPerOwner: 3, CodebasesPerOwner: 30}))
	must(f, err)
	f.Fuzz(func(t *testing.T, method, target, body, kind string) {
		u, err := url.ParseRequestURI(strings.ReplaceAll(target, "cb_0", codebase.ID))
		if err != nil || !strings.HasPrefix(target, "/") || strings.ContainsAny(method+kind, " \r\n") || len(body) > 1<<16 {
			return // net/http would not get so far
		}
		r, err := http.NewRequestWithContext(t.Context(), method, "http://localhost/", strings.NewReader(body))
		if err != nil {
			return
		}
		r.URL, r.RequestURI, r.RemoteAddr, r.Host = u, target, "127.0.0.1:1", "localhost"
		r.Header.Set("Content-Type", kind)
		if strings.HasPrefix(kind, "application/grpc") {
			r.ProtoMajor, r.ProtoMinor, r.Proto = 2, 0, "HTTP/2.0"
			r.Header.Set("Te", "trailers")
		}
		w := httptest.NewRecorder()
		func() {
			defer func() {
				if p := recover(); p != nil && p != http.ErrAbortHandler {
					panic(p)
				}
			}()
			h.ServeHTTP(w, r)
		}()
		if w.Code < 200 || w.Code > 599 || w.Code == http.StatusInternalServerError {
			t.Errorf("%s %s: %d %s", method, target, w.Code, w.Body)
		}
		if strings.Contains(w.Body.String(), state) {
			t.Errorf("%s %s: %s", method, target, w.Body)
		}
	})
}

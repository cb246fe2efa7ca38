// SPDX-License-Identifier: MIT

package metrics_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/metrics"
)

// list is a service that has so many sandboxes.
type list struct {
	total, asked int
	err          error
}

func (l *list) ListSandboxes(_ context.Context, req sandbox.ListSandboxesRequest) (*sandbox.SandboxPage, error) {
	l.asked++
	if l.err != nil {
		return nil, l.err
	}
	page := &sandbox.SandboxPage{}
	for range min(req.PageSize, l.total) {
		l.total--
		page.Sandboxes = append(page.Sandboxes, sandbox.Info{Status: sandbox.StatusRunning, Parked: l.total%2 == 0})
	}
	if l.total > 0 {
		page.NextPageToken = "more"
	}
	return page, nil
}

func TestSandboxes(t *testing.T) {
	l := &list{total: 2500}
	s := metrics.NewSandboxes(l)
	want := `
# HELP sandbox_sandboxes Sandboxes by status.
# TYPE sandbox_sandboxes gauge
sandbox_sandboxes{status="error"} 0
sandbox_sandboxes{status="pending"} 0
sandbox_sandboxes{status="running"} 2500
sandbox_sandboxes{status="stopped"} 0
# HELP sandbox_sandboxes_parked Running sandboxes that have no process at the moment.
# TYPE sandbox_sandboxes_parked gauge
sandbox_sandboxes_parked 1250
`
	for range 3 {
		if err := testutil.CollectAndCompare(s, strings.NewReader(want)); err != nil {
			t.Error(err)
		}
	}
	if l.asked != 3 { // pages, once
		t.Errorf("it asked %d times", l.asked)
	}
	broken := metrics.NewSandboxes(&list{err: errors.New("broken")})
	if err := testutil.CollectAndCompare(broken, strings.NewReader("")); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("got %v", err)
	}
}

func TestContent(t *testing.T) {
	calls := metrics.NewCalls()
	h := calls.Content(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if strings.HasSuffix(r.URL.Path, "missing") {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(w, "answer")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
	}))
	for _, r := range []struct{ method, path, body string }{
		{"PUT", "/v1/codebases/cb_1/files/a/b", "12345"},
		{"PUT", "/v1/codebases/cb_2/files/b", "678"},
		{"GET", "/v1/codebases/cb_2/files/missing", ""},
		{"GET", "/v1/sandboxes/sb_1/diff", ""},
		{"GET", "/v1/codebases/cb_2/files", ""}, // these are calls
		{"GET", "/v1/codebases/cb_2/files/", ""},
		{"POST", "/v1/sandboxes/sb_1/exec", "x"},
		{"GET", "/v1/x", ""},
		{"GET", "/", ""},
		{"DELETE", "/v1/codebases/cb_2/files/x", ""},
	} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(r.method, r.path, strings.NewReader(r.body)))
	}
	want := `
# HELP sandbox_received_bytes_total Content of files and standard input that clients sent, by procedure.
# TYPE sandbox_received_bytes_total counter
sandbox_received_bytes_total{procedure="GET /v1/codebases/{id}/files/{path}"} 0
sandbox_received_bytes_total{procedure="GET /v1/sandboxes/{id}/diff"} 0
sandbox_received_bytes_total{procedure="PUT /v1/codebases/{id}/files/{path}"} 8
# HELP sandbox_sent_bytes_total Content of files, patches and output that was sent to clients as a stream, by procedure.
# TYPE sandbox_sent_bytes_total counter
sandbox_sent_bytes_total{procedure="GET /v1/sandboxes/{id}/diff"} 6
sandbox_sent_bytes_total{procedure="PUT /v1/codebases/{id}/files/{path}"} 12
`
	if err := testutil.CollectAndCompare(calls, strings.NewReader(want), "sandbox_received_bytes_total", "sandbox_sent_bytes_total"); err != nil {
		t.Error(err)
	}
	if n := testutil.CollectAndCount(calls, "sandbox_rpc_duration_seconds"); n != 3 {
		t.Errorf("there are %d histograms", n)
	}
}

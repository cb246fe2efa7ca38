// SPDX-License-Identifier: MIT

//go:build linux

package server_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server"
)

// journal is a log for several goroutines.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

// TestClientGone has clients that go away in the middle: that is no failure of the
// server's.
func TestClientGone(t *testing.T) {
	var log journal
	s := serve(t, manager(t), server.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	_, created := request(t, "POST", s.URL+"/v1/codebases", "", `{"name":"a"}`)
	_, rest, _ := strings.Cut(created, `"id":"`)
	id, _, _ := strings.Cut(rest, `"`)
	for _, client := range []*http.Client{{Transport: http1(t)}, http2Client(t)} {
		ctx, cancel := context.WithCancel(t.Context())
		r, w := io.Pipe()
		req, err := http.NewRequestWithContext(ctx, "PUT", s.URL+"/v1/codebases/"+id+"/files/x", r)
		must(t, err)
		go func() {
			_, _ = w.Write(make([]byte, 1<<20))
			cancel()
			_ = w.CloseWithError(context.Canceled)
		}()
		if res, err := client.Do(req); err == nil {
			res.Body.Close()
		}
		cancel()
	}
	for end := time.Now().Add(time.Minute); strings.Count(log.String(), "PUT /v1/codebases/{id}/files") < 2; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it says %s", log.String())
		}
	}
	if strings.Contains(log.String(), "level=ERROR") {
		t.Errorf("it says %s", log.String())
	}
}

// broken is a service that has a bug.
type broken struct{ sandbox.Service }

func (broken) DownloadFile(context.Context, string, string) (io.ReadCloser, error) { panic("a bug") }

// TestPanic has the service panic: the log says so, and the server goes on.
func TestPanic(t *testing.T) {
	var log journal
	s := serve(t, broken{manager(t)}, server.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	req, err := http.NewRequestWithContext(t.Context(), "GET", s.URL+"/v1/codebases/cb_0/files/a", nil)
	must(t, err)
	if res, err := http2Client(t).Do(req); err == nil {
		res.Body.Close()
		t.Errorf("it is answered %s", res.Status)
	}
	if !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), "a bug") {
		t.Errorf("it says %s", log.String())
	}
	if code, _ := request(t, "GET", s.URL+"/healthz", "", ""); code != http.StatusOK {
		t.Errorf("then %d", code)
	}
}

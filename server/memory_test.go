// SPDX-License-Identifier: MIT

//go:build linux

package server_test

import (
	"io"
	"net/http"
	"runtime"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/sandbox-rls/sandbox/internal/required"
	"github.com/sandbox-rls/sandbox/server"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
)

// heap is how many bytes of memory this process has in use at most while it does
// something, besides those before.
func heap(do func()) uint64 {
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	var most uint64
	for {
		select {
		case <-done:
			return most
		case <-time.After(20 * time.Millisecond):
			if runtime.ReadMemStats(&now); now.HeapInuse > before.HeapInuse {
				most = max(most, now.HeapInuse-before.HeapInuse)
			}
		}
	}
}

const tolerable = 200 << 20

// TestHugeFile reads a file that no memory has room for: it is sent as it is read.
func TestHugeFile(t *testing.T) {
	s := newSite(t, server.Limits{})
	id := s.start(s.codebase())
	r, err := s.sb.Exec(t.Context(), &sandboxv1.ExecRequest{SandboxId: id, Command: "truncate -s 4T huge"})
	must(t, err)
	if r.GetExitCode() != 0 {
		required.Missing(t, "large files", r.GetStderr())
	}
	const part = 300 << 20
	most := heap(func() {
		stream, err := s.sb.ReadFile(t.Context(), &sandboxv1.ReadFileRequest{SandboxId: id, Path: "huge"})
		must(t, err)
		defer stream.Close()
		for n := 0; n < part && stream.Receive(); {
			n += len(stream.Msg().GetData())
		}
		must(t, stream.Err())
		req, err := http.NewRequestWithContext(t.Context(), "GET", s.url+"/v1/sandboxes/"+id+"/files/huge", nil)
		must(t, err)
		res, err := http1(t).RoundTrip(req)
		must(t, err)
		defer res.Body.Close()
		_, err = io.CopyN(io.Discard, res.Body, part)
		must(t, err)
	})
	if most > tolerable {
		t.Errorf("it took %d MB", most>>20)
	}
}

// TestEndlessOutput asks for all that a command prints, which never ends.
func TestEndlessOutput(t *testing.T) {
	s := newSite(t, server.Limits{})
	for _, limit := range []int64{-1, 1 << 60} {
		i, err := s.sb.CreateSandbox(t.Context(), &sandboxv1.CreateSandboxRequest{CodebaseId: s.codebase(), Preset: "full-access", Start: true, OutputLimit: limit})
		must(t, err)
		most := heap(func() {
			r, err := s.sb.Exec(t.Context(), &sandboxv1.ExecRequest{SandboxId: i.GetId(), Command: "yes", Timeout: durationpb.New(5 * time.Second), FullResult: true})
			must(t, err)
			if !r.GetStdoutTruncated() || len(r.GetStdout()) == 0 {
				t.Errorf("%d bytes, cut: %v", len(r.GetStdout()), r.GetStdoutTruncated())
			}
		})
		if most > tolerable {
			t.Errorf("limit %d: it took %d MB", limit, most>>20)
		}
	}
}

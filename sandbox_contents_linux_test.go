// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sandbox-rls/sandbox"
)

// logged is what was logged.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// loggedSandbox makes a sandbox of a codebase, and what its manager logs.
func loggedSandbox(t *testing.T) (m *sandbox.Manager, id, stateDir string, sb *sandbox.Sandbox, log *logged) {
	t.Helper()
	stateDir, log = filepath.Join(t.TempDir(), "state"), &logged{}
	m, err := sandbox.NewManager(sandbox.Config{StateDir: stateDir, Logger: slog.New(slog.NewTextHandler(log, nil))})
	check(t, err)
	t.Cleanup(func() { check(t, m.Close()) })
	cb, err := m.ImportCodebase(t.Context(), project(t, sample))
	check(t, err)
	sb, err = m.FromCodebase(t.Context(), cb.ID, everything)
	check(t, err)
	return m, cb.ID, stateDir, sb, log
}

// TestLongPaths moves one deep directory into another, so that there are paths that no
// codebase takes.
func TestLongPaths(t *testing.T) {
	t.Parallel()
	m, id, _, sb, log := loggedSandbox(t)
	must(t, sb, `n=$(printf 'a%.0s' $(seq 200))
mk() { mkdir $1; (cd $1; for i in $(seq 12); do mkdir $n && cd $n || exit 1; done; echo $1 > file); }
mk A && mk B && mv B A/$n/$n/$n/$n/$n/$n/$n/$n/$n/$n/$n/$n/ && echo kept > kept`)
	r, err := sb.Commit(t.Context(), sandbox.CommitOptions{})
	check(t, err)
	if n := len(r.Applied); n < 10 {
		t.Errorf("%d changes were applied", n)
	}
	for _, item := range r.Skipped {
		if !strings.HasPrefix(item.Path, "/A/") || !strings.Contains(item.Reason, "longer than 4,096 bytes") {
			t.Errorf("%d bytes: %s", len(item.Path), item.Reason)
		}
	}
	if len(r.Skipped) == 0 || len(r.Failed) != 0 {
		t.Errorf("%d skipped, %d failed", len(r.Skipped), len(r.Failed))
	}
	must(t, sb, "echo more > more")
	check(t, sb.Destroy(t.Context()))
	if got := download(t, m, id, "kept") + download(t, m, id, "more"); got != "kept\nmore\n" {
		t.Errorf("got %q", got)
	}
	if !strings.Contains(log.String(), "longer than 4,096 bytes") {
		t.Errorf("logged:\n%s", log)
	}
}

// TestClosedFiles has a command keep its own user out of a file and of a directory.
func TestClosedFiles(t *testing.T) {
	t.Parallel()
	m, id, _, sb, log := loggedSandbox(t)
	must(t, sb, "echo mine > f; chmod 000 f; echo kept > kept; mkdir -p d/e; echo in it > d/f; echo in it > d/e/f; chmod 000 d/e d")
	reads := os.Geteuid() == 0 // root can look into it
	r, err := sb.Commit(t.Context(), sandbox.CommitOptions{Partial: true, Paths: []string{"f", "d"}})
	check(t, err)
	if (len(r.Failed) == 0) != reads || !reads && r.Failed[0].Path != "/d" {
		t.Errorf("failed: %+v", r.Failed)
	}
	if _, err := sb.Commit(t.Context(), sandbox.CommitOptions{DryRun: true}); err != nil {
		t.Error(err)
	}
	if _, err := sb.Commit(t.Context(), sandbox.CommitOptions{Paths: []string{"d/f"}}); (err == nil) != reads {
		t.Errorf("a file in a closed directory: %v", err)
	}
	check(t, sb.Destroy(t.Context()))
	if got := download(t, m, id, "kept") + download(t, m, id, "f"); got != "kept\nmine\n" {
		t.Errorf("got %q", got)
	}
	if got := download(t, m, id, "d/f"); got != "in it\n" {
		t.Errorf("got %q", got)
	}
	if strings.Contains(log.String(), "left out") {
		t.Errorf("logged:\n%s", log)
	}
}

// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox"
)

// TestClockSetBack opens a state directory of which all times are in the future.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m, err := sandbox.NewManager(sandbox.Config{StateDir: dir})
	check(t, err)
	cb, err := m.ImportCodebase(t.Context(), project(t, sample))
	check(t, err)
	var ids []string
	for _, opt := range []sandbox.Option{sandbox.WithExpiry(time.Hour), sandbox.WithIdleTimeout(time.Hour), everything} {
		sb, err := m.FromCodebase(t.Context(), cb.ID, everything, opt)
		check(t, err)
		must(t, sb, "echo x > "+sb.ID())
		ids = append(ids, sb.ID())
	}
	check(t, m.Close())
	ahead := time.Now().AddDate(10, 0, 0)
	for _, id := range ids {
		editRecord(t, dir, id, func(doc map[string]any) any {
			info := doc["info"].(map[string]any)
			for _, key := range []string{"created", "started", "stopped", "expires"} {
				if _, ok := info[key]; ok {
					info[key] = ahead
				}
			}
			return doc
		})
	}
	m, err = sandbox.NewManager(sandbox.Config{StateDir: dir})
	check(t, err)
	for _, id := range ids {
		sb, err := m.Connect(t.Context(), id)
		check(t, err)
		wantChanges(t, sb, "added /"+id)
		check(t, sb.Start(t.Context()))
		must(t, sb, "cat "+id)
	}
	made, err := m.FromCodebase(t.Context(), cb.ID, everything)
	check(t, err)
	page, err := m.ListSandboxes(t.Context(), sandbox.ListSandboxesRequest{})
	check(t, err)
	if len(page.Sandboxes) != 4 {
		t.Errorf("got %d sandboxes", len(page.Sandboxes))
	}
	check(t, made.Close())
	for _, id := range ids {
		check(t, m.DestroySandbox(t.Context(), id))
		if got := download(t, m, cb.ID, id); got != "x\n" {
			t.Errorf("%s: got %q", id, got)
		}
	}
	check(t, m.Close())
}

// crashImage copies a state directory as it is while its owner runs: what a
// process would find that comes after one that was killed at this moment.
func crashImage(t *testing.T, stateDir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "image")
	if out, err := exec.Command("cp", "-a", stateDir, to).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	check(t, os.Remove(filepath.Join(to, "lock")))
	return to
}

// TestUploadsAfterKill is about uploads that a killed process had brought into a
// sandbox, which has changed them since.
func TestUploadsAfterKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m, err := sandbox.NewManager(sandbox.Config{StateDir: dir, ParkAfter: -1})
	check(t, err)
	t.Cleanup(func() { check(t, m.Close()) })
	cb, err := m.ImportCodebase(t.Context(), project(t, sample))
	check(t, err)
	sb, err := m.FromCodebase(t.Context(), cb.ID, sandbox.WithRules(sandbox.Rule{Pattern: "/**", Permission: sandbox.Write},
		sandbox.Rule{Pattern: "**/*.view", Permission: sandbox.View, Priority: 1}))
	check(t, err)
	for _, name := range []string{"up/a", "up/b", "up/c", "up/d.view", "README.md"} {
		uploadFile(t, m, cb.ID, name, "uploaded")
	}
	must(t, sb, "echo mine > up/a; rm up/b")
	for range 2 {
		image := crashImage(t, dir)
		next, err := sandbox.NewManager(sandbox.Config{StateDir: image})
		check(t, err)
		again, err := next.Connect(t.Context(), sb.ID())
		check(t, err)
		for range 2 {
			wantChanges(t, again, "deleted /up/b", "modified /up/a")
			check(t, again.Start(t.Context()))
			if got := must(t, again, "cat up/a up/c README.md; ls up"); got != "mine\nuploadeduploadeda\nc\nd.view" {
				t.Errorf("got %q", got)
			}
			wantChanges(t, again, "deleted /up/b", "modified /up/a")
			check(t, again.Stop(t.Context()))
		}
		check(t, next.Close())
		check(t, sb.Stop(t.Context())) // and once more with another layer
		check(t, sb.Start(t.Context()))
	}
}

// TestCheckpointAndUploads restores a checkpoint that was made before uploads.
func TestCheckpointAndUploads(t *testing.T) {
	t.Parallel()
	m, _ := manager(t)
	cb, err := m.ImportCodebase(t.Context(), project(t, sample))
	check(t, err)
	sb, err := m.FromCodebase(t.Context(), cb.ID, everything)
	check(t, err)
	t.Cleanup(func() { check(t, sb.Close()) })
	for _, name := range []string{"up/a", "up/b", "README.md"} {
		uploadFile(t, m, cb.ID, name, "one")
	}
	must(t, sb, "echo mine > up/b; echo mine > new")
	cp, err := sb.Checkpoint(t.Context(), "")
	check(t, err)
	for _, name := range []string{"up/a", "up/c", "README.md"} {
		uploadFile(t, m, cb.ID, name, "two")
	}
	for range 2 {
		check(t, sb.Restore(t.Context(), cp.ID))
		wantChanges(t, sb, "added /new", "modified /up/b")
		if got := must(t, sb, "cat up/a up/c README.md up/b"); got != "twotwotwomine" {
			t.Errorf("got %q", got)
		}
		must(t, sb, "rm new up/c")
	}
}

// TestHandOver opens a state directory while another manager gives it up.
func TestHandOver(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m, err := sandbox.NewManager(sandbox.Config{StateDir: dir})
	check(t, err)
	sb := make([]*sandbox.Sandbox, 3)
	source := project(t, sample)
	for i := range sb {
		sb[i], err = m.FromLocal(t.Context(), source, everything)
		check(t, err)
		must(t, sb[i], "echo x > file; (sleep 1000; : "+sb[i].ID()+") >/dev/null 2>&1 &")
	}
	for range 3 {
		closed := make(chan error, 1)
		go func(m *sandbox.Manager) { closed <- m.Close() }(m)
		for {
			if m, err = sandbox.NewManager(sandbox.Config{StateDir: dir}); err == nil {
				break
			}
			if !errors.Is(err, errBusy) {
				t.Fatal(err)
			}
		}
		for _, s := range sb {
			if left := marked(s.ID()); len(left) > 0 {
				t.Errorf("processes %v are left", left)
			}
			again, err := m.Connect(t.Context(), s.ID())
			check(t, err)
			if i := infoOf(t, again); i.Status != sandbox.StatusStopped {
				t.Errorf("got %+v", i)
			}
			check(t, again.Start(t.Context()))
			if got := must(t, again, "cat file"); got != "x" {
				t.Errorf("got %q", got)
			}
		}
		check(t, <-closed)
	}
	check(t, m.Close())
}

// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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

// TestUploadsAfterKill is about uploads that a killed process had brought into a
// sandbox, which has changed them since.
func TestUploadsAfterKill(t *testing.T) {
	const variable = "SANDBOX_TEST_UPLOADS"
	if dir := os.Getenv(variable); dir != "" {
		uploadAndWait(t, dir)
	}
	t.Parallel()
	for _, name := range []string{"once", "twice"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), name)
			fill(t, dir+".source", map[string]string{"README.md": "x"})
			cmd := exec.Command("/proc/self/exe", "-test.run=^TestUploadsAfterKill$")
			cmd.Env = append(os.Environ(), variable+"="+dir)
			out, err := cmd.StdoutPipe()
			check(t, err)
			check(t, cmd.Start())
			line, err := bufio.NewReader(out).ReadString('\n')
			check(t, cmd.Process.Kill())
			_ = cmd.Wait()
			check(t, err)
			m, err := sandbox.NewManager(sandbox.Config{StateDir: dir})
			check(t, err)
			t.Cleanup(func() { check(t, m.Close()) })
			sb, err := m.Connect(t.Context(), strings.TrimSpace(line))
			check(t, err)
			for range 2 {
				wantChanges(t, sb, "deleted /up/b", "modified /up/a")
				check(t, sb.Start(t.Context()))
				if got := must(t, sb, "cat up/a up/c README.md; ls up"); got != "mine\nuploadeduploadeda\nc\nd.view" {
					t.Errorf("got %q", got)
				}
				wantChanges(t, sb, "deleted /up/b", "modified /up/a")
				check(t, sb.Stop(t.Context()))
			}
		})
	}
}

// uploadAndWait uploads files, has a sandbox change them, and prints its id.
func uploadAndWait(t *testing.T, dir string) {
	m, err := sandbox.NewManager(sandbox.Config{StateDir: dir, ParkAfter: -1})
	check(t, err)
	cb, err := m.ImportCodebase(t.Context(), dir+".source")
	check(t, err)
	sb, err := m.FromCodebase(t.Context(), cb.ID, sandbox.WithRules(sandbox.Rule{Pattern: "/**", Permission: sandbox.Write},
		sandbox.Rule{Pattern: "**/*.view", Permission: sandbox.View, Priority: 1}))
	check(t, err)
	for _, name := range []string{"up/a", "up/b", "up/c", "up/d.view", "README.md"} {
		uploadFile(t, m, cb.ID, name, "uploaded")
	}
	must(t, sb, "echo mine > up/a; rm up/b")
	if filepath.Base(dir) == "twice" { // there is another layer then
		check(t, sb.Stop(t.Context()))
		check(t, sb.Start(t.Context()))
	}
	fmt.Println(sb.ID())
	select {}
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

// TestCommitBeforeKill is about a commit that had reached the codebase when the
// process was killed, but not what the sandbox knows of it.
func TestCommitBeforeKill(t *testing.T) {
	t.Parallel()
	m, stateDir := manager(t)
	cb, err := m.ImportCodebase(t.Context(), project(t, sample))
	check(t, err)
	sb, err := m.FromCodebase(t.Context(), cb.ID, everything)
	check(t, err)
	must(t, sb, "echo x > new; echo y > README.md; echo z > other; rm src/main.py")
	_, err = sb.Commit(t.Context(), sandbox.CommitOptions{Paths: []string{"new", "README.md", "src"}})
	check(t, err)
	check(t, m.Close())
	dir := filepath.Join(stateDir, "deltas", sb.ID())
	mark := filepath.Join(dir, "committing")
	gone := func() {
		if _, err := os.Lstat(mark); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("a mark is left: %v", err)
		}
	}
	gone()
	// As if it had been killed before it made the one and removed the other.
	check(t, os.RemoveAll(filepath.Join(dir, "open")))
	check(t, os.WriteFile(mark, nil, 0o600))
	again, err := sandbox.NewManager(sandbox.Config{StateDir: stateDir})
	check(t, err)
	t.Cleanup(func() { check(t, again.Close()) })
	sb, err = again.Connect(t.Context(), sb.ID())
	check(t, err)
	wantChanges(t, sb, "added /other")
	gone()
	check(t, sb.Start(t.Context()))
	must(t, sb, "rm new other; echo z > README.md; echo x > src/main.py")
	wantChanges(t, sb, "deleted /new", "modified /README.md", "added /src/main.py")
	_, err = sb.Commit(t.Context(), sandbox.CommitOptions{Paths: []string{"README.md", "src"}})
	check(t, err)
	check(t, sb.Close())
	if got := download(t, again, cb.ID, "new"); !strings.Contains(got, "error") {
		t.Errorf("what was removed is %q in the codebase", got)
	}
	if got := download(t, again, cb.ID, "README.md"); got != "z\n" {
		t.Errorf("got %q", got)
	}
}

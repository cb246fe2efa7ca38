// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/runtime/native"
)

func TestStateDir(t *testing.T) {
	t.Parallel()
	m, stateDir := manager(t)
	sb := from(t, m, project(t, sample))
	must(t, sb, "echo x > output/x")
	_, err := sandbox.NewManager(sandbox.Config{StateDir: stateDir})
	if err == nil {
		t.Fatal("two managers have one state directory")
	}
	wantError(t, err, syscall.EWOULDBLOCK)
	if !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) || !strings.Contains(err.Error(), stateDir) {
		t.Errorf("%q does not name the holder and the directory", err)
	}
	must(t, sb, "cat output/x")
	for range 2 {
		check(t, m.Close())
	}
	_, err = m.FromLocal(t.Context(), project(t, sample))
	wantError(t, err, sandbox.ErrClosed)
	_, err = m.ImportCodebase(t.Context(), project(t, sample))
	wantError(t, err, sandbox.ErrClosed)
	_, err = sb.Run(t.Context(), "true")
	wantError(t, err, sandbox.ErrClosed)
	again, err := sandbox.NewManager(sandbox.Config{StateDir: stateDir})
	check(t, err)
	check(t, again.Close())
	for name, dir := range map[string]string{"a file": "/etc/passwd", "beneath a file": "/etc/passwd/x", "NUL": "a\x00b"} {
		if m, err := sandbox.NewManager(sandbox.Config{StateDir: dir}); err == nil {
			t.Errorf("%s is a state directory", name)
			_ = m.Close()
		}
	}
}

// TestStateDamaged opens a state directory whose file has been cut off, or is gone.
func TestStateDamaged(t *testing.T) {
	t.Parallel()
	m, stateDir := manager(t)
	c, err := m.ImportCodebase(t.Context(), project(t, sample))
	check(t, err)
	sb, err := m.FromCodebase(t.Context(), c.ID, sandbox.WithPreset("full-access"))
	check(t, err)
	must(t, sb, "echo x > x")
	check(t, m.Close())
	name := filepath.Join(stateDir, "state.db")
	whole, err := os.ReadFile(name)
	check(t, err)
	for _, n := range []int{len(whole) / 2, 4096, 100, 0, -1} {
		if n < 0 {
			check(t, os.Remove(name))
		} else {
			check(t, os.WriteFile(name, whole[:n], 0o600))
		}
		m, err := sandbox.NewManager(sandbox.Config{StateDir: stateDir})
		if err == nil {
			_ = m.Close()
			t.Fatalf("opened with %d bytes of %d", n, len(whole))
		}
		wantError(t, err, sandbox.ErrStateDamaged)
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%q does not name the file", err)
		}
	}
	check(t, os.WriteFile(name, whole, 0o600)) // from a backup
	m, err = sandbox.NewManager(sandbox.Config{StateDir: stateDir})
	check(t, err)
	sb, err = m.Connect(t.Context(), sb.ID())
	check(t, err)
	check(t, sb.Start(t.Context()))
	must(t, sb, "cat x README.md")
	check(t, m.Close())
}

func TestManagerWithRuntime(t *testing.T) {
	t.Parallel()
	rt := native.New()
	m, err := sandbox.NewManager(sandbox.Config{StateDir: t.TempDir(), Runtime: rt})
	check(t, err)
	sb := from(t, m, project(t, sample))
	must(t, sb, "true")
	check(t, m.Close())
	check(t, rt.Close())
}

// TestNothingIsLeft looks for what sandboxes leave in the state directory.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	m, stateDir := manager(t)
	dir := project(t, sample)
	for range 3 {
		sb := from(t, m, dir, sandbox.WithPreset("development"))
		must(t, sb, "mkdir -p a/b; chmod 0 a/b; echo x > c; chmod 0 c; chmod 555 a")
		check(t, sb.Destroy(t.Context()))
	}
	for _, place := range []string{"deltas", "trash"} {
		eventually(t, place+" is empty", func() bool {
			names, err := os.ReadDir(filepath.Join(stateDir, place))
			check(t, err)
			return len(names) == 0
		})
	}
	if _, err := m.FromLocal(t.Context(), dir, sandbox.WithRules(sandbox.Rule{Pattern: "/[", Permission: sandbox.Read})); err == nil {
		t.Error("a malformed rule was taken")
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.FromLocal(over, dir); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if names, _ := os.ReadDir(filepath.Join(stateDir, "deltas")); len(names) != 0 {
		t.Errorf("left by a failure: %v", names)
	}
}

func TestStateDirOnOverlay(t *testing.T) {
	t.Parallel()
	if !inNamespace(t) {
		return
	}
	base := t.TempDir()
	fill(t, base, map[string]string{"lower/": "", "upper/": "", "work/": "", "merged/": ""})
	merged := filepath.Join(base, "merged")
	check(t, syscall.Mount("overlay", merged, "overlay", 0, fmt.Sprintf("userxattr,lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work", base, base, base)))
	defer func() { check(t, syscall.Unmount(merged, 0)) }()
	_, err := sandbox.NewManager(sandbox.Config{StateDir: filepath.Join(merged, "state")})
	wantError(t, err, sandbox.ErrUnsupported)
	for _, word := range []string{merged, "overlayfs", "choose"} {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%q does not say %q", err, word)
		}
	}
	// A temporary one lies elsewhere.
	dir := project(t, sample)
	check(t, os.Setenv("TMPDIR", merged)) // of this process alone
	m, err := sandbox.NewManager(sandbox.Config{})
	check(t, err)
	must(t, from(t, m, dir), "echo x > output/x")
	check(t, m.Close())
}

// tiny mounts a file system of a few megabytes.
func tiny(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tiny")
	check(t, os.Mkdir(dir, 0o755))
	check(t, syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"))
	t.Cleanup(func() { check(t, syscall.Unmount(dir, 0)) })
	return dir
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	if !inNamespace(t) {
		return
	}
	m, err := sandbox.NewManager(sandbox.Config{StateDir: tiny(t)})
	check(t, err)
	t.Cleanup(func() { check(t, m.Close()) })
	dir := project(t, sample)
	sb := from(t, m, dir, everything)
	r := mustNot(t, sb, "dd if=/dev/zero of=big bs=1M count=20")
	if !strings.Contains(r.Stderr, "No space left on device") {
		t.Errorf("a command is told %q", r.Stderr)
	}
	wantError(t, sb.WriteFile(t.Context(), "more", make([]byte, 1<<20)), syscall.ENOSPC)
	wantChanges(t, sb, "added /big")
	must(t, sb, "cat README.md && rm big && echo x > small && cat small")
	wantChanges(t, sb, "added /small")
	check(t, os.WriteFile(filepath.Join(dir, "huge"), make([]byte, 20<<20), 0o644))
	_, err = m.FromLocal(t.Context(), dir)
	wantError(t, err, syscall.ENOSPC)
	_, err = m.ImportCodebase(t.Context(), dir)
	wantError(t, err, syscall.ENOSPC)
	must(t, sb, "cat small && echo y > small")
	must(t, from(t, m, dir, everything), "echo x > small") // no copy is needed
}

// TestKilled kills a process that has a temporary state directory.
func TestKilled(t *testing.T) {
	const variable = "SANDBOX_TEST_KILLED"
	if word := os.Getenv(variable); word != "" {
		sb, err := sandbox.FromLocal(context.Background(), project(t, sample), sandbox.WithPreset("development"))
		check(t, err)
		must(t, sb, "mkdir -p a/b; echo x > a/b/c; chmod 555 a/b; mkdir c; chmod 0 c; echo x > d; chmod 0 d; rm -r src")
		go func() { _, _ = sb.Run(context.Background(), "setsid sh -c 'sleep 1000; : "+word+"' & wait") }()
		eventually(t, "a process", func() bool { return len(marked(word)) > 0 })
		fmt.Println("ready")
		select {}
	}
	t.Parallel()
	tmp, word := t.TempDir(), "killed-"+rand.Text()
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestKilled$")
	cmd.Env = append(os.Environ(), variable+"="+word, "TMPDIR="+tmp)
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Errorf("got %q, %v", line, err)
	}
	stateDirs := func() []string {
		names, err := filepath.Glob(filepath.Join(tmp, "sandbox-state-*"))
		check(t, err)
		return names
	}
	if got := stateDirs(); len(got) != 1 {
		t.Errorf("state directories: %q", got)
	}
	check(t, cmd.Process.Kill())
	_ = cmd.Wait()
	eventually(t, "its processes are gone", func() bool { return len(marked(word)) == 0 })
	eventually(t, "its state directory is gone", func() bool { return len(stateDirs()) == 0 })
}

// SPDX-License-Identifier: MIT

package docker_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/runtime/docker"
)

// project makes a directory with some files.
func project(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// newSandbox makes a sandbox of a project, which ends with the test.
func newSandbox(t testing.TB, rt *docker.Runtime, files map[string]string, opts ...sandbox.Option) *sandbox.Sandbox {
	t.Helper()
	sb, err := manager(t).FromLocal(t.Context(), project(t, files), append([]sandbox.Option{sandbox.WithRuntime(rt)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sb.Close() })
	return sb
}

// run runs a command line, which ends somehow.
func run(t testing.TB, sb *sandbox.Sandbox, command string, opts ...sandbox.RunOption) *sandbox.ExecResult {
	t.Helper()
	r, err := sb.Run(context.Background(), command, opts...)
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return r
}

func TestCommands(t *testing.T) {
	for _, c := range configurations {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sb := newSandbox(t, open(t, c.image, docker.WithUser(c.user)), map[string]string{"a": "a\n", ".env": "secret\n"}, sandbox.WithPreset("development"))
			t.Run("output", func(t *testing.T) {
				r := run(t, sb, "cat a; echo e >&2; exit 3")
				if r.Stdout != "a\n" || r.Stderr != "e\n" || r.ExitCode != 3 {
					t.Errorf("got %+v", r)
				}
			})
			t.Run("stdin", func(t *testing.T) {
				r := run(t, sb, "cat", sandbox.WithStdin(strings.NewReader("in")))
				if r.Stdout != "in" {
					t.Errorf("got %+v", r)
				}
			})
			t.Run("environment", func(t *testing.T) {
				r := run(t, sb, "echo $LANG $X $HOME; pwd", sandbox.WithEnv(map[string]string{"X": "y"}))
				home := map[string]string{"": "/root", "1000:1000": "/home/user"}[c.user]
				if r.Stdout != "C.UTF-8 y "+home+"\n/workspace\n" {
					t.Errorf("got %+v", r)
				}
			})
			t.Run("timeout", func(t *testing.T) {
				_, err := sb.Run(t.Context(), "(sleep 1000 &); sleep 1000", sandbox.WithTimeout(200*time.Millisecond))
				if !errors.Is(err, sandbox.ErrCommandTimeout) {
					t.Errorf("got %v", err)
				}
				if r := run(t, sb, "ps -e 2>/dev/null || ps"); strings.Contains(r.Stdout, "sleep") {
					t.Errorf("left: %s", r.Stdout)
				}
			})
			t.Run("terminal", func(t *testing.T) {
				r, err := sb.Exec(t.Context(), sandbox.ExecRequest{Command: "stty size; echo x > $(tty)", TTY: true, Size: sandbox.TerminalSize{Rows: 10, Cols: 20}})
				if err != nil || strings.ReplaceAll(r.Stdout, "\r", "") != "10 20\nx\n" {
					t.Errorf("got %+v, %v", r, err)
				}
			})
			t.Run("streaming", func(t *testing.T) {
				var out bytes.Buffer
				for o, err := range sb.ExecStream(t.Context(), sandbox.ExecRequest{Command: "head -c 20000000 /dev/zero"}) {
					if err != nil {
						t.Fatal(err)
					}
					out.Write(o.Data)
				}
				if out.Len() != 20_000_000 {
					t.Errorf("got %d bytes", out.Len())
				}
			})
			t.Run("session", func(t *testing.T) {
				s, err := sb.Session(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				for _, step := range [][2]string{{"cd /tmp; X=1; f() { echo f$X; }", ""}, {"f; pwd", "f1\n/tmp\n"}, {"sleep 100 & echo j", "j\n"}, {"exit_code() { return 7; }; exit_code", ""}} {
					r, err := s.Exec(t.Context(), step[0])
					if err != nil || r.Stdout != step[1] {
						t.Errorf("%s: %+v, %v", step[0], r, err)
					}
				}
				if _, err := s.Exec(t.Context(), "sleep 1000", sandbox.WithTimeout(200*time.Millisecond)); !errors.Is(err, sandbox.ErrCommandTimeout) {
					t.Errorf("got %v", err)
				}
				if r, err := s.Exec(t.Context(), "f"); err != nil || r.Stdout != "f1\n" {
					t.Errorf("after a timeout: %+v, %v", r, err)
				}
			})
			t.Run("files", func(t *testing.T) {
				if r := run(t, sb, "ls -A; cat .env; echo n > new; umask 077; mkdir d; echo p > d/private; rm a"); r.Stdout != "a\n" {
					t.Errorf("got %+v", r)
				}
				if err := sb.WriteFile(t.Context(), "d/host", []byte("host\n")); err != nil {
					t.Fatal(err)
				}
				if r := run(t, sb, "stat -c '%a %u' d d/private d/host; cat d/host; echo more >> d/host"); !strings.HasPrefix(r.Stdout, "700 ") || r.ExitCode != 0 || !strings.HasSuffix(r.Stdout, "host\n") {
					t.Errorf("got %+v", r)
				}
				if data, err := sb.ReadFile(t.Context(), "d/host"); err != nil || string(data) != "host\nmore\n" {
					t.Errorf("got %q, %v", data, err)
				}
				changes, err := sb.Changes(t.Context())
				var names []string
				for _, c := range changes {
					names = append(names, string(c.Kind)+" "+c.Path)
				}
				if got := strings.Join(names, ", "); err != nil || got != "deleted /a, added /d, added /d/host, added /d/private, added /new" {
					t.Errorf("changes: %s, %v", got, err)
				}
			})
			t.Run("start again", func(t *testing.T) {
				if err := sb.Stop(t.Context()); err != nil {
					t.Fatal(err)
				}
				if err := sb.Start(t.Context()); err != nil {
					t.Fatal(err)
				}
				if r := run(t, sb, "cat d/host new; ls a"); r.Stdout != "host\nmore\nn\n" {
					t.Errorf("got %+v", r)
				}
			})
		})
	}
}

// TestWithoutShell runs in an image that has three programs and no shell.
func TestWithoutShell(t *testing.T) {
	sb := newSandbox(t, open(t, bare), map[string]string{"a": "a\n"})
	r, err := sb.Exec(t.Context(), sandbox.ExecRequest{Argv: []string{"cat", "a"}})
	if err != nil || r.Stdout != "a\n" {
		t.Errorf("got %+v, %v", r, err)
	}
	if r := run(t, sb, "cat a"); r.ExitCode != 127 || !strings.Contains(r.Stderr, "/bin/sh") {
		t.Errorf("a command line: %+v", r)
	}
	if _, err := sb.Session(t.Context()); !errors.Is(err, fs.ErrNotExist) && (err == nil || !strings.Contains(err.Error(), "/bin/sh")) {
		t.Errorf("a session: %v", err)
	}
}

func TestLimits(t *testing.T) {
	sb := newSandbox(t, open(t, busybox), nil, sandbox.WithResources(sandbox.ResourceLimits{MemoryBytes: 64 << 20, PidsLimit: 20, DiskBytes: 8 << 20}), sandbox.WithPreset("full-access"))
	if r := run(t, sb, "dd if=/dev/zero of=/dev/null bs=200M count=1"); !r.OOMKilled || r.ExitCode != 137 {
		t.Errorf("too much memory: %+v", r)
	}
	if r := run(t, sb, "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22; do sleep 5 & done"); !r.PidsLimited {
		t.Errorf("too many processes: %+v", r)
	}
	if r := run(t, sb, "dd if=/dev/zero of=big bs=1M count=20"); r.ExitCode == 0 || !strings.Contains(r.Stderr, "No space left") {
		t.Errorf("too large a file: %+v", r)
	}
	if err := sb.UpdateResources(t.Context(), sandbox.ResourceLimits{MemoryBytes: 256 << 20, DiskBytes: 8 << 20}); err != nil {
		t.Fatal(err)
	}
	if r := run(t, sb, "dd if=/dev/zero of=/dev/null bs=100M count=1"); r.ExitCode != 0 {
		t.Errorf("with more memory: %+v", r)
	}
	u, err := sb.Usage(t.Context())
	if err != nil || u.OOMKills == 0 || u.MemoryPeak == 0 {
		t.Errorf("usage: %+v, %v", u, err)
	}
}

// TestExecutable runs what the image and the workspace have, and writes where the
// image's user may.
func TestImage(t *testing.T) {
	sb := newSandbox(t, open(t, debian), map[string]string{"main.py": "import sys; print('hello', sys.version_info[0])\n"})
	if r := run(t, sb, "python main.py && echo x > /usr/local/x && cat /usr/local/x && id -u"); r.Stdout != "hello 3\nx\n0\n" {
		t.Errorf("got %+v", r)
	}
	if r := run(t, sb, "grep Cap /proc/self/status | tr -d '0\n\t '; chown 33 /usr/local/x; su -c true user"); !strings.HasPrefix(r.Stdout, "CapInh:CapPrm:CapEff:CapBnd:CapAmb:") || r.ExitCode == 0 {
		t.Errorf("got %+v", r)
	}
	if info, err := sb.Info(t.Context()); err != nil || info.Runtime != "docker" {
		t.Errorf("got %+v, %v", info, err)
	}
}

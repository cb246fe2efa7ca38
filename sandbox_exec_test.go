// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox"
)

func TestRun(t *testing.T) {
	t.Parallel()
	sb := start(t, project(t, sample))
	for _, c := range []struct {
		command        string
		stdout, stderr string
		code           int
		signal         string
	}{
		{"echo out; echo err >&2", "out\n", "err\n", 0, ""},
		{"exit 3", "", "", 3, ""},
		{"exit 126", "", "", 126, ""},
		{"printf '\\377\\000\\376'", "\xff\x00\xfe", "", 0, ""},
		{"kill -TERM $$", "", "", 143, "SIGTERM"},
		{"kill -KILL $$", "", "", 137, "SIGKILL"},
		{"pwd", "/workspace\n", "", 0, ""},
		{"cat", "", "", 0, ""}, // nothing on stdin
		{"ls -A", "README.md\nlink\noutput\nsrc\ntmp\n", "", 0, ""},
	} {
		t.Run(c.command, func(t *testing.T) {
			t.Parallel()
			r := sh(t, sb, c.command)
			if r.Stdout != c.stdout || r.Stderr != c.stderr || r.ExitCode != c.code || r.Signal != c.signal || r.Command != c.command {
				t.Errorf("got %+v", r)
			}
			if r.Duration <= 0 || r.TimedOut || r.StdoutTruncated || r.StderrTruncated {
				t.Errorf("got %+v", r)
			}
		})
	}
	t.Run("not found", func(t *testing.T) {
		if r := sh(t, sb, "no-such-program"); r.ExitCode != 127 || !strings.Contains(r.Stderr, "not found") {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("WithCheck", func(t *testing.T) {
		r, err := sb.Run(t.Context(), "echo why >&2; exit 2", sandbox.WithCheck())
		var failed *sandbox.CommandError
		if !errors.As(err, &failed) || failed.Result != r || r.ExitCode != 2 || !strings.Contains(err.Error(), "why") {
			t.Errorf("got %+v, %v", r, err)
		}
		if _, err := sb.Run(t.Context(), "true", sandbox.WithCheck()); err != nil {
			t.Error(err)
		}
	})
}

func TestExecArgv(t *testing.T) {
	t.Parallel()
	sb := start(t, project(t, map[string]string{"my-script": "#!/bin/sh\necho ran\n", "data": "x"}), everything)
	must(t, sb, "chmod +x my-script; mkdir dir; printf '\\177ELF broken' > elf; chmod +x elf; printf '#!/no/such/sh\\n' > bad; chmod +x bad")
	for _, c := range []struct {
		argv []string
		code int
		out  string
	}{
		{[]string{"echo", "a b", "$HOME", "*"}, 0, "a b $HOME *\n"},
		{[]string{"./my-script"}, 0, "ran\n"},
		{[]string{"/workspace/my-script"}, 0, "ran\n"},
		{[]string{"my-script"}, 127, ""},
		{[]string{"no-such-program"}, 127, ""},
		{[]string{"/no/such/program"}, 127, ""},
		{[]string{"./bad"}, 127, ""},
		{[]string{"./data/x"}, 127, ""},
		{[]string{"./data"}, 126, ""},
		{[]string{"./dir"}, 126, ""},
		{[]string{"./elf"}, 126, ""},
		{[]string{""}, 127, ""},
	} {
		r, err := sb.Exec(t.Context(), sandbox.ExecRequest{Argv: c.argv})
		if err != nil || r.ExitCode != c.code || r.Stdout != c.out || (c.code != 0) != (r.Stderr != "") {
			t.Errorf("%q: got %+v, %v; want exit code %d, %q", c.argv, r, err, c.code, c.out)
		}
	}
}

func TestStdin(t *testing.T) {
	t.Parallel()
	sb := start(t, project(t, sample))
	big := make([]byte, 5<<20)
	_, _ = rand.Read(big)
	t.Run("bytes", func(t *testing.T) {
		if got := must(t, sb, "wc -c", sandbox.WithStdin(bytes.NewReader(big))); got != "5242880" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("file", func(t *testing.T) {
		path := t.TempDir() + "/input"
		check(t, os.WriteFile(path, big, 0o600))
		f, err := os.Open(path)
		check(t, err)
		defer f.Close()
		if got := must(t, sb, "wc -c", sandbox.WithStdin(f)); got != "5242880" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("not read", func(t *testing.T) {
		if r := sh(t, sb, "exit 4", sandbox.WithStdin(bytes.NewReader(big))); r.ExitCode != 4 {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("reader that blocks", func(t *testing.T) {
		r, w := io.Pipe()
		defer w.Close()
		if got := must(t, sb, "echo done", sandbox.WithStdin(r)); got != "done" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("interactive", func(t *testing.T) {
		r, w := io.Pipe()
		go func() {
			for _, line := range []string{"one\n", "two\n"} {
				_, _ = io.WriteString(w, line)
			}
			w.Close()
		}()
		if got := must(t, sb, "read a; read b; echo $b $a", sandbox.WithStdin(r)); got != "two one" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("reader that fails", func(t *testing.T) {
		r, w := io.Pipe()
		w.CloseWithError(errors.New("broken"))
		if got := must(t, sb, "wc -c", sandbox.WithStdin(r)); got != "0" {
			t.Errorf("got %q", got)
		}
	})
}

func TestEnvironment(t *testing.T) {
	t.Setenv("SANDBOX_TEST_SECRET", "of the caller")
	sb := start(t, project(t, sample))
	got := strings.Fields(must(t, sb, "env | cut -d= -f1 | sort"))
	want := []string{"HOME", "LANG", "PATH", "PWD", "TERM", "USER"}
	got = slices.DeleteFunc(got, func(s string) bool { return s == "_" || s == "OLDPWD" || s == "SHLVL" })
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	got = strings.Split(must(t, sb, `echo "$A|$HOME"`, sandbox.WithEnv(map[string]string{"A": "x y\nz"}), sandbox.WithEnv(map[string]string{"HOME": "/tmp"})), "|")
	if !slices.Equal(got, []string{"x y\nz", "/tmp"}) {
		t.Errorf("got %q", got)
	}
	if out := must(t, sb, "cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n'"); strings.Contains(out, "of the caller") {
		t.Error("the caller's environment can be read in /proc")
	}
}

func TestDir(t *testing.T) {
	t.Parallel()
	sb := start(t, project(t, sample))
	for dir, want := range map[string]string{
		"": "/workspace", ".": "/workspace", "src": "/workspace/src", "src/lib/": "/workspace/src/lib",
		"/workspace/src": "/workspace/src", "/usr/bin": "/usr/bin", "src/../src": "/workspace/src",
	} {
		if got := must(t, sb, "pwd -P", sandbox.WithDir(dir)); got != want {
			t.Errorf("%q: got %q, want %q", dir, got, want)
		}
	}
	for dir, want := range map[string]error{
		"missing": fs.ErrNotExist, "/no/such": fs.ErrNotExist,
		"secrets": fs.ErrNotExist, ".git": fs.ErrNotExist, // hidden
		"README.md": syscall.ENOTDIR,
	} {
		_, err := sb.Run(t.Context(), "pwd", sandbox.WithDir(dir))
		wantError(t, err, want)
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	sb := start(t, project(t, sample))
	word := "timeout-" + rand.Text()
	other := "other-" + rand.Text()
	var wg sync.WaitGroup
	release, w := io.Pipe()
	wg.Go(func() {
		r, err := sb.Run(context.Background(), "sh -c 'sleep 1000; : "+other+"' & read x; echo $x", sandbox.WithStdin(release))
		if err != nil || r.Stdout != "alive\n" {
			t.Errorf("a command beside it: %+v, %v", r, err)
		}
	})
	eventually(t, "the other command runs", func() bool { return len(marked(other)) > 0 })
	var r *sandbox.ExecResult
	var err error
	untilBegun(t, 300*time.Millisecond, func(limit time.Duration) bool {
		r, err = sb.Run(t.Context(), "echo out; echo err >&2; "+begun+"(setsid sh -c 'sleep 1000; : "+word+"' &) ; sleep 1000; : "+word, sandbox.WithTimeout(limit))
		return hasBegun(t, sb)
	})
	wantError(t, err, sandbox.ErrCommandTimeout, context.DeadlineExceeded)
	if r == nil || !r.TimedOut || r.Stdout != "out\n" || r.Stderr != "err\n" || r.ExitCode != 137 {
		t.Errorf("got %+v", r)
	}
	if left := marked(word); len(left) > 0 {
		t.Errorf("processes %v are left", left)
	}
	if len(marked(other)) == 0 {
		t.Error("another command's process was killed")
	}
	_, _ = io.WriteString(w, "alive\n")
	w.Close()
	wg.Wait()
	must(t, sb, "true", sandbox.WithTimeout(0))
}

func TestCancel(t *testing.T) {
	t.Parallel()
	sb := start(t, project(t, sample))
	word := "cancel-" + rand.Text()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for len(marked(word)) < 2 && ctx.Err() == nil { // the second comes after the output
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	r, err := sb.Run(ctx, "echo out; sh -c 'sleep 1000; : "+word+"'; true")
	wantError(t, err, context.Canceled)
	if r == nil || r.TimedOut || r.Stdout != "out\n" {
		t.Errorf("got %+v", r)
	}
	if left := marked(word); len(left) > 0 {
		t.Errorf("processes %v are left", left)
	}
	if errors.Is(err, sandbox.ErrCommandTimeout) {
		t.Error("it is a timeout")
	}
	deadline, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	_, err = sb.Run(deadline, "sleep 1000")
	wantError(t, err, context.DeadlineExceeded)
}

func TestOutput(t *testing.T) {
	t.Parallel()
	dir := project(t, sample)
	t.Run("limit", func(t *testing.T) {
		t.Parallel()
		sb := start(t, dir, sandbox.WithOutputLimit(1000))
		r := sh(t, sb, "head -c 100000 /dev/zero | tr '\\0' x; echo short >&2; exit 3")
		if len(r.Stdout) != 1000 || !r.StdoutTruncated || r.StderrTruncated || r.Stderr != "short\n" || r.ExitCode != 3 {
			t.Errorf("got %d bytes, %+v", len(r.Stdout), r.ExitCode)
		}
		r = sh(t, sb, "head -c 1000 /dev/zero; head -c 1001 /dev/zero >&2")
		if len(r.Stdout) != 1000 || r.StdoutTruncated || len(r.Stderr) != 1000 || !r.StderrTruncated {
			t.Errorf("got %d and %d bytes", len(r.Stdout), len(r.Stderr))
		}
	})
	t.Run("default", func(t *testing.T) {
		t.Parallel()
		sb := start(t, dir)
		r := sh(t, sb, "head -c 50000000 /dev/zero")
		if len(r.Stdout) != sandbox.DefaultOutputLimit || !r.StdoutTruncated {
			t.Errorf("got %d bytes", len(r.Stdout))
		}
	})
	t.Run("50 MB, random, both", func(t *testing.T) {
		t.Parallel()
		sb := start(t, dir, sandbox.WithOutputLimit(-1))
		r := sh(t, sb, "cat | tee /dev/stderr", sandbox.WithStdin(io.LimitReader(new(pattern), 50<<20)))
		want, _ := io.ReadAll(io.LimitReader(new(pattern), 50<<20))
		if r.Stdout != string(want) || r.Stderr != string(want) {
			t.Errorf("got %d and %d bytes", len(r.Stdout), len(r.Stderr))
		}
	})
}

// pattern is an endless reader whose bytes are of all values.
type pattern struct{ n int }

func (p *pattern) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(p.n * 7)
		p.n++
	}
	return len(b), nil
}

func TestManyCommands(t *testing.T) {
	t.Parallel()
	sb := start(t, project(t, sample))
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			word := rand.Text()
			r, err := sb.Run(t.Context(), "cat; echo $W >&2; exit "+string(rune('0'+i%10)),
				sandbox.WithStdin(strings.NewReader(word)), sandbox.WithEnv(map[string]string{"W": word}))
			if err != nil || r.Stdout != word || r.Stderr != word+"\n" || r.ExitCode != i%10 {
				t.Errorf("got %+v, %v", r, err)
			}
		})
	}
	wg.Wait()
}

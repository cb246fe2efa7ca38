// SPDX-License-Identifier: MIT

package runtimetest

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/runtime"
)

const (
	target   = "/workspace"
	hostname = "runtimetest"
	// patience is how long something that must come is awaited.
	patience = 60 * time.Second
)

// box is a sandbox under test.
type box struct {
	runtime.Instance
	t    *testing.T
	home string
}

// start starts a sandbox whose workspace has the file "hello", and closes it
// with the test.
func (s *suite) start(t *testing.T, change ...func(*runtime.Config)) *box {
	t.Helper()
	in, err := s.runtime.Start(t.Context(), s.config(t, change...))
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	t.Cleanup(func() { in.Close() })
	return &box{Instance: in, t: t, home: s.Home}
}

func (s *suite) config(t *testing.T, change ...func(*runtime.Config)) runtime.Config {
	t.Helper()
	dir := t.TempDir()
	s.give(t, dir, 0o755)
	file := filepath.Join(dir, "hello")
	if err := os.WriteFile(file, []byte("hello\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.give(t, file, 0o644)
	filter, err := fsguard.Filter(false)
	if err != nil {
		t.Fatal(err)
	}
	cfg := runtime.Config{
		Spec:   runtime.NewSpec(runtime.SpecOptions{Hostname: hostname, Dir: target}),
		View:   runtime.View{Target: target, Lower: []runtime.Layer{{Dir: dir}}},
		Filter: filter,
	}
	for _, c := range change {
		c(&cfg)
	}
	return cfg
}

// give makes a file the sandbox user's.
func (s *suite) give(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	if o := s.runtime.Owner(); o.UID >= 0 {
		if err := os.Lchown(path, o.UID, o.GID); err != nil {
			t.Fatal(err)
		}
	}
}

// delta makes a directory for what a sandbox writes.
func (s *suite) delta(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	s.give(t, dir, 0o700)
	for _, name := range []string{"upper", "work"} {
		path := filepath.Join(dir, name)
		if err := os.Mkdir(path, 0o755); err != nil {
			t.Fatal(err)
		}
		s.give(t, path, 0o755)
	}
	return dir
}

// in is the same sandbox in a subtest.
func (b *box) in(t *testing.T) *box { return &box{Instance: b.Instance, t: t, home: b.home} }

// result is how a command ended and what it printed.
type result struct {
	runtime.Status
	err            error
	stdout, stderr string
}

// sh runs a command line and waits for it.
func (b *box) sh(script string) result {
	b.t.Helper()
	return b.run(runtime.Command{Argv: []string{"sh", "-c", script}}, "")
}

// out runs a command line that must succeed, and returns what it printed.
func (b *box) out(script string) string {
	b.t.Helper()
	r := b.sh(script)
	if r.err != nil || r.ExitCode != 0 {
		b.t.Fatalf("%s: exit code %d, %v: %s", script, r.ExitCode, r.err, r.stderr)
	}
	return strings.TrimSpace(r.stdout)
}

// fails runs a command line that must not succeed.
func (b *box) fails(script string) {
	b.t.Helper()
	if r := b.sh(script); r.err != nil || r.ExitCode == 0 {
		b.t.Errorf("%s: exit code %d, %v, printed %q; it should fail", script, r.ExitCode, r.err, r.stdout)
	}
}

func (b *box) run(cmd runtime.Command, stdin string) result {
	b.t.Helper()
	c := b.begin(cmd, stdin)
	return c.wait()
}

// running is a command that was started.
type running struct {
	runtime.Process
	t     *testing.T
	out   *os.File // read by wait, or by the test before it
	rest  bytes.Buffer
	errs  bytes.Buffer
	moves sync.WaitGroup
	once  sync.Once
}

// begin starts a command. Without an environment it has a PATH, without a
// directory it is in the workspace.
func (b *box) begin(cmd runtime.Command, stdin string) *running {
	b.t.Helper()
	if cmd.Env == nil {
		cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + b.home}
	}
	if cmd.Dir == "" {
		cmd.Dir = target
	}
	var ends [3][2]*os.File
	for i := range ends {
		r, w, err := os.Pipe()
		if err != nil {
			b.t.Fatal(err)
		}
		ends[i] = [2]*os.File{r, w}
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = ends[0][0], ends[1][1], ends[2][1]
	p, err := b.Start(cmd)
	for _, f := range []*os.File{cmd.Stdin, cmd.Stdout, cmd.Stderr} {
		f.Close()
	}
	if err != nil {
		for _, f := range []*os.File{ends[0][1], ends[1][0], ends[2][0]} {
			f.Close()
		}
		b.t.Fatalf("start %q: %v", cmd.Argv[0], err)
	}
	c := &running{Process: p, t: b.t, out: ends[1][0]}
	c.moves.Go(func() {
		_, _ = io.WriteString(ends[0][1], stdin)
		ends[0][1].Close()
	})
	c.moves.Go(func() {
		_, _ = io.Copy(&c.errs, ends[2][0])
		ends[2][0].Close()
	})
	b.t.Cleanup(func() {
		_ = c.Signal(syscall.SIGKILL)
		c.collect()
		c.moves.Wait()
	})
	return c
}

// collect begins to read the output to its end.
func (c *running) collect() {
	c.once.Do(func() {
		c.moves.Go(func() {
			_, _ = io.Copy(&c.rest, c.out)
			c.out.Close()
		})
	})
}

// ready waits for a command to print a line.
func (c *running) ready() string {
	c.t.Helper()
	_ = c.out.SetReadDeadline(time.Now().Add(patience))
	defer c.out.SetReadDeadline(time.Time{})
	var line []byte
	for b := make([]byte, 1); ; {
		if n, err := c.out.Read(b); n == 0 || err != nil {
			c.t.Fatalf("a command ended before it was ready: %v, printed %q", err, line)
		}
		if b[0] == '\n' {
			return string(line)
		}
		line = append(line, b[0])
	}
}

// wait waits for the end of the command and of its output.
func (c *running) wait() result {
	c.t.Helper()
	c.collect()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	st, err := c.Wait(ctx)
	if ctx.Err() != nil {
		c.t.Fatalf("a command did not end: %v", err)
	}
	c.moves.Wait()
	return result{Status: st, err: err, stdout: c.rest.String(), stderr: c.errs.String()}
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

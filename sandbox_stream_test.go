// SPDX-License-Identifier: MIT

//go:build linux

package sandbox_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sandbox-rls/sandbox"
)

// collect takes a stream to its end.
func collect(t testing.TB, sb *sandbox.Sandbox, req sandbox.ExecRequest) (stdout, stderr string, r *sandbox.ExecResult, failed error) {
	t.Helper()
	var out, errs strings.Builder
	for o, err := range sb.ExecStream(t.Context(), req) {
		if r != nil || failed != nil {
			t.Errorf("more after the result: %+v", o)
		}
		switch o.Stream {
		case sandbox.Stdout:
			out.Write(o.Data)
		case sandbox.Stderr:
			errs.Write(o.Data)
		}
		r, failed = o.Result, err
	}
	return out.String(), errs.String(), r, failed
}

func TestExecStream(t *testing.T) {
	t.Parallel()
	sb := start(t, project(t, sample))
	t.Run("tags", func(t *testing.T) {
		out, errs, r, err := collect(t, sb, sandbox.ExecRequest{Command: "for i in 1 2 3; do echo $i; echo e$i >&2; done; exit 3"})
		if err != nil || out != "1\n2\n3\n" || errs != "e1\ne2\ne3\n" || r.ExitCode != 3 || r.Duration <= 0 {
			t.Errorf("got %q, %q, %+v, %v", out, errs, r, err)
		}
	})
	t.Run("as it comes", func(t *testing.T) {
		in, feed := io.Pipe()
		first := true
		for o, err := range sb.ExecStream(t.Context(), sandbox.ExecRequest{Command: "echo ready; read x; echo got $x", Stdin: in}) {
			if err != nil {
				t.Fatal(err)
			}
			if first {
				// The command goes on only because its output was seen.
				if string(o.Data) != "ready\n" {
					t.Errorf("got %q", o.Data)
				}
				_, _ = io.WriteString(feed, "this\n")
				_ = feed.Close()
				first = false
			} else if o.Result == nil && string(o.Data) != "got this\n" {
				t.Errorf("got %q", o.Data)
			}
		}
	})
	t.Run("no limit", func(t *testing.T) {
		n := 0
		for o, err := range sb.ExecStream(t.Context(), sandbox.ExecRequest{Command: "head -c 100000000 /dev/zero"}) {
			if err != nil {
				t.Fatal(err)
			}
			n += len(o.Data)
		}
		if n != 100_000_000 {
			t.Errorf("got %d bytes", n)
		}
	})
	t.Run("back-pressure", func(t *testing.T) {
		// The command counts what it could write before it was read.
		for o, err := range sb.ExecStream(t.Context(), sandbox.ExecRequest{Command: "(while :; do echo 0123456789abcdef; echo x >> /tmp/count; done) & until test -s /tmp/count; do sleep 0.01; done; sleep 0.5; wc -l < /tmp/count > /tmp/n; kill $!"}) {
			if err != nil {
				t.Fatal(err)
			}
			if o.Stream == sandbox.Stdout {
				eventually(t, "the command counts", func() bool { return must(t, sb, "cat /tmp/n 2>/dev/null || true") != "" })
				break
			}
		}
		if n := must(t, sb, "cat /tmp/n"); len(n) > 5 { // a pipe and a chunk: some 8,000 lines
			t.Errorf("%s lines were written and not read", n)
		}
	})
	t.Run("left early", func(t *testing.T) {
		for range sb.ExecStream(t.Context(), sandbox.ExecRequest{Command: "setsid sleep 3456 & yes"}) {
			break
		}
		if left := must(t, sb, "ps -eo args | grep -e '^[y]es' -e '[s]leep 3456' || true"); left != "" {
			t.Errorf("left: %s", left)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var last error
		for o, err := range sb.ExecStream(ctx, sandbox.ExecRequest{Command: "echo begun; sleep 3456"}) {
			if o.Data != nil {
				cancel()
			}
			last = err
		}
		if !errors.Is(last, context.Canceled) {
			t.Errorf("got %v", last)
		}
	})
	t.Run("timeout", func(t *testing.T) {
		var out string
		var r *sandbox.ExecResult
		var err error
		untilBegun(t, 200*time.Millisecond, func(limit time.Duration) bool {
			out, _, r, err = collect(t, sb, sandbox.ExecRequest{Command: "echo begun; " + begun + "sleep 3456", Timeout: limit})
			return hasBegun(t, sb)
		})
		if !errors.Is(err, sandbox.ErrCommandTimeout) || out != "begun\n" || r == nil || !r.TimedOut {
			t.Errorf("got %q, %+v, %v", out, r, err)
		}
	})
	t.Run("not found", func(t *testing.T) {
		_, errs, r, err := collect(t, sb, sandbox.ExecRequest{Argv: []string{"no-such-program"}})
		if err != nil || r.ExitCode != 127 || !strings.Contains(errs, "not found") {
			t.Errorf("got %q, %+v, %v", errs, r, err)
		}
	})
	t.Run("invalid", func(t *testing.T) {
		if _, _, r, err := collect(t, sb, sandbox.ExecRequest{}); !errors.Is(err, sandbox.ErrInvalid) || r != nil {
			t.Errorf("got %+v, %v", r, err)
		}
	})
	t.Run("stopped meanwhile", func(t *testing.T) {
		sb := start(t, project(t, sample))
		var last error
		for o, err := range sb.ExecStream(t.Context(), sandbox.ExecRequest{Command: "echo begun; sleep 3456"}) {
			if o.Data != nil {
				check(t, sb.Stop(t.Context()))
			}
			last = err
		}
		if !errors.Is(last, sandbox.ErrSandboxNotRunning) {
			t.Errorf("got %v", last)
		}
	})
}

func TestStartCommand(t *testing.T) {
	t.Parallel()
	sb := start(t, project(t, sample))
	t.Run("Wait drops the output", func(t *testing.T) {
		c, err := sb.StartCommand(t.Context(), sandbox.ExecRequest{Command: "head -c 10000000 /dev/zero; exit 2"})
		check(t, err)
		defer c.Close()
		for range 2 {
			if r, err := c.Wait(); err != nil || r.ExitCode != 2 {
				t.Errorf("got %+v, %v", r, err)
			}
		}
	})
	t.Run("Signal", func(t *testing.T) {
		c, err := sb.StartCommand(t.Context(), sandbox.ExecRequest{Command: "trap 'echo trapped; exit 4' USR1; echo ready; while :; do sleep 0.01; done"})
		check(t, err)
		defer c.Close()
		var out bytes.Buffer
		for o, err := range c.Output() {
			check(t, err)
			out.Write(o.Data)
			if out.String() == "ready\n" {
				check(t, c.Signal(syscall.SIGUSR1))
			}
		}
		if r, err := c.Wait(); err != nil || r.ExitCode != 4 || !strings.Contains(out.String(), "trapped") {
			t.Errorf("got %q, %+v, %v", out.String(), r, err)
		}
	})
	t.Run("Close ends it", func(t *testing.T) {
		c, err := sb.StartCommand(t.Context(), sandbox.ExecRequest{Command: "setsid sleep 4567 & sleep 4567"})
		check(t, err)
		check(t, c.Close())
		if left := must(t, sb, "ps -eo args | grep '[s]leep 4567' || true"); left != "" {
			t.Errorf("left: %s", left)
		}
		if err := c.Resize(sandbox.TerminalSize{Rows: 1, Cols: 1}); !errors.Is(err, sandbox.ErrInvalid) {
			t.Errorf("got %v", err)
		}
	})
}

func TestTTY(t *testing.T) {
	t.Parallel()
	sb := start(t, project(t, sample))
	run := func(t *testing.T, req sandbox.ExecRequest) *sandbox.ExecResult {
		t.Helper()
		req.TTY, req.Timeout = true, time.Minute
		r, err := sb.Exec(t.Context(), req)
		check(t, err)
		return r
	}
	t.Run("is one", func(t *testing.T) {
		r := run(t, sandbox.ExecRequest{Command: "tty; test -t 0 && test -t 1 && test -t 2 && echo all; stty size; echo $TERM; echo err >&2; stat -c %U $(tty); echo x > $(tty) < /dev/tty"})
		want := "/dev/pts/0\r\nall\r\n24 80\r\nxterm-256color\r\nerr\r\nagent\r\nx\r\n"
		if r.Stdout != want || r.Stderr != "" || r.ExitCode != 0 {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("its size", func(t *testing.T) {
		r := run(t, sandbox.ExecRequest{Command: "stty size", Size: sandbox.TerminalSize{Rows: 50, Cols: 132}})
		if r.Stdout != "50 132\r\n" {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("input and its end", func(t *testing.T) {
		r := run(t, sandbox.ExecRequest{Command: "stty -echo; cat; echo end", Stdin: strings.NewReader("one\ntwo\n")})
		if !strings.HasSuffix(r.Stdout, "one\r\ntwo\r\nend\r\n") {
			t.Errorf("got %+v", r)
		}
		if r := run(t, sandbox.ExecRequest{Command: "stty -echo; cat; echo end", Stdin: strings.NewReader("half a line")}); !strings.HasSuffix(r.Stdout, "half a lineend\r\n") {
			t.Errorf("in the middle of a line: got %+v", r)
		}
		if r := run(t, sandbox.ExecRequest{Command: "cat; echo end"}); r.Stdout != "end\r\n" {
			t.Errorf("without input: got %+v", r)
		}
	})
	t.Run("Ctrl-C", func(t *testing.T) {
		out, r := typing(t, sb, sandbox.ExecRequest{Command: "trap 'echo interrupted; exit 5' INT; echo ready; while :; do sleep 0.01; done"}, "ready", "\x03")
		if r.ExitCode != 5 || !strings.HasSuffix(out, "interrupted\r\n") {
			t.Errorf("got %q, %+v", out, r)
		}
	})
	t.Run("resize", func(t *testing.T) {
		c, err := sb.StartCommand(t.Context(), sandbox.ExecRequest{Command: "trap 'stty size; exit 6' WINCH; echo ready; while :; do sleep 0.01; done", TTY: true})
		check(t, err)
		defer c.Close()
		var out bytes.Buffer
		for o, err := range c.Output() {
			check(t, err)
			out.Write(o.Data)
			if out.String() == "ready\r\n" {
				check(t, c.Resize(sandbox.TerminalSize{Rows: 10, Cols: 20}))
			}
		}
		if r, err := c.Wait(); err != nil || r.ExitCode != 6 || out.String() != "ready\r\n10 20\r\n" {
			t.Errorf("got %q, %+v, %v", out.String(), r, err)
		}
	})
	t.Run("job control", func(t *testing.T) {
		// cat says by its copy that it is in the foreground.
		out, r := typing(t, sb, sandbox.ExecRequest{Argv: []string{"/bin/bash", "--norc", "--noediting", "-i"}, Env: map[string]string{"PS1": "$ "}},
			"$ ", "cat\n", "cat\r\n", "one\n", "one\r\none\r\n", "\x1a", "Stopped", "", "$ ", "fg\n",
			"cat\r\n", "two\n", "two\r\ntwo\r\n", "\x03", "$ ", "exit 7\n")
		if r.ExitCode != 7 || strings.Contains(out, "no job control") {
			t.Errorf("got %q, %+v", out, r)
		}
	})
	t.Run("large output", func(t *testing.T) {
		n := 0
		for o, err := range sb.ExecStream(t.Context(), sandbox.ExecRequest{Command: "stty raw -echo; head -c 3000000 /dev/zero", TTY: true}) {
			check(t, err)
			n += len(o.Data)
		}
		if n != 3_000_000 {
			t.Errorf("got %d bytes", n)
		}
	})
}

// typing runs a command at a terminal. Of the script, each first text is
// awaited, after what was awaited before, and each second one then typed.
func typing(t *testing.T, sb *sandbox.Sandbox, req sandbox.ExecRequest, script ...string) (string, *sandbox.ExecResult) {
	t.Helper()
	keys, hands := io.Pipe()
	defer hands.Close()
	req.TTY, req.Stdin, req.Timeout = true, keys, time.Minute
	c, err := sb.StartCommand(t.Context(), req)
	check(t, err)
	defer c.Close()
	var all string
	seen := 0
	for o, err := range c.Output() {
		if err != nil {
			t.Errorf("%v, after %q", err, all)
		}
		all += string(o.Data)
		for len(script) > 0 {
			i := strings.Index(all[seen:], script[0])
			if i < 0 {
				break
			}
			seen += i + len(script[0])
			_, _ = io.WriteString(hands, script[1])
			script = script[2:]
		}
	}
	r, _ := c.Wait()
	return all, r
}

// A command whose input blocks for ever keeps no descriptor when it has ended.
func TestBlockedInputKeepsNoDescriptor(t *testing.T) {
	sb := start(t, project(t, sample))
	in, feed := io.Pipe()
	defer feed.Close()
	descriptors := func() int {
		list, err := os.ReadDir("/proc/self/fd")
		check(t, err)
		return len(list)
	}
	must(t, sb, "true")
	before := descriptors()
	for range 30 {
		for _, err := range sb.ExecStream(t.Context(), sandbox.ExecRequest{Command: "true", Stdin: in}) {
			check(t, err)
		}
	}
	eventually(t, "no more descriptors are open than before", func() bool { return descriptors() < before+15 })
}

// SPDX-License-Identifier: MIT

//go:build linux

package server_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"

	"connectrpc.com/connect"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
)

// talk is a command that is fed.
type talk struct {
	*testing.T
	stream *connect.BidiStreamForClientSimple[sandboxv1.ExecInput, sandboxv1.ExecOutput]
	out    bytes.Buffer
}

func (s *site) talk(r *sandboxv1.ExecRequest) *talk {
	s.Helper()
	stream, err := s.sb.ExecInteractive(s.Context())
	must(s, err)
	s.Cleanup(func() { _, _ = stream.CloseRequest(), stream.CloseResponse() })
	r.FullResult = true
	must(s, stream.Send(&sandboxv1.ExecInput{Input: &sandboxv1.ExecInput_Start{Start: r}}))
	return &talk{T: s.T, stream: stream}
}

// until reads output until it holds a text, or the command has ended.
func (k *talk) until(text string) *sandboxv1.ExecResult {
	k.Helper()
	for text == "" || !strings.Contains(k.out.String(), text) {
		m, err := k.stream.Receive()
		if err != nil {
			k.Fatalf("after %q: %v", k.out.String(), err)
		}
		k.out.Write(m.GetData())
		if m.GetResult() != nil {
			return m.GetResult()
		}
	}
	return nil
}

func (k *talk) say(in *sandboxv1.ExecInput) {
	k.Helper()
	must(k, k.stream.Send(in))
}

func stdin(text string) *sandboxv1.ExecInput {
	return &sandboxv1.ExecInput{Input: &sandboxv1.ExecInput_Stdin{Stdin: []byte(text)}}
}

func TestInteractive(t *testing.T) {
	t.Parallel()
	s := newSite(t, server.Limits{})
	id := s.start(s.codebase())
	k := s.talk(&sandboxv1.ExecRequest{SandboxId: id, Command: "while read x; do echo got $x; done; echo end"})
	k.say(stdin("one\n"))
	k.until("got one\n")
	k.say(stdin("two\n"))
	k.until("got two\n")
	k.say(&sandboxv1.ExecInput{Input: &sandboxv1.ExecInput_CloseStdin{CloseStdin: &sandboxv1.Empty{}}})
	if r := k.until(""); r.GetExitCode() != 0 || !strings.HasSuffix(k.out.String(), "end\n") {
		t.Errorf("%v, %q", r, k.out.String())
	}
	tty := s.talk(&sandboxv1.ExecRequest{SandboxId: id, Tty: true, Size: &sandboxv1.TerminalSize{Rows: 10, Cols: 20}, Command: `stty size; trap 'stty size; exit 7' WINCH; echo ready; while :; do sleep 0.01; done`})
	tty.until("10 20")
	tty.until("ready")
	tty.say(&sandboxv1.ExecInput{Input: &sandboxv1.ExecInput_Resize{Resize: &sandboxv1.TerminalSize{Rows: 30, Cols: 40}}})
	if r := tty.until(""); r.GetExitCode() != 7 || !strings.Contains(tty.out.String(), "30 40") {
		t.Errorf("%v, %q", r, tty.out.String())
	}
	sig := s.talk(&sandboxv1.ExecRequest{SandboxId: id, Command: "echo ready; exec sleep 100"})
	sig.until("ready")
	sig.say(&sandboxv1.ExecInput{Input: &sandboxv1.ExecInput_Signal{Signal: int32(syscall.SIGTERM)}})
	if r := sig.until(""); r.GetSignal() != "SIGTERM" || r.GetExitCode() != 143 {
		t.Errorf("%v", r)
	}
	for what, in := range map[string]*sandboxv1.ExecInput{
		"signal 99": {Input: &sandboxv1.ExecInput_Signal{Signal: 99}}, "nothing": {},
		"a second command":          {Input: &sandboxv1.ExecInput_Start{Start: &sandboxv1.ExecRequest{SandboxId: id, Command: "true"}}},
		"a size without a terminal": {Input: &sandboxv1.ExecInput_Resize{Resize: &sandboxv1.TerminalSize{Rows: 1, Cols: 1}}},
	} {
		bad := s.talk(&sandboxv1.ExecRequest{SandboxId: id, Command: "exec sleep 100"})
		bad.say(in)
		_, err := bad.stream.Receive()
		s.want(what, err, connect.CodeInvalidArgument)
	}
	stream, err := s.sb.ExecInteractive(t.Context())
	must(t, err)
	must(t, stream.Send(stdin("x")))
	_, err = stream.Receive()
	s.want("input before the command", err, connect.CodeInvalidArgument)
	_, _ = stream.CloseRequest(), stream.CloseResponse()
}

// TestSignalPastInput signals a command that does not read what it was sent before.
func TestSignalPastInput(t *testing.T) {
	t.Parallel()
	s := newSite(t, server.Limits{})
	id := s.start(s.codebase())
	k := s.talk(&sandboxv1.ExecRequest{SandboxId: id, Command: "trap 'head -c 1500000 | wc -c; exit 7' INT; echo ready; while :; do sleep 0.01; done"})
	k.until("ready")
	for range 3 {
		k.say(stdin(strings.Repeat("x", 500_000)))
	}
	k.say(&sandboxv1.ExecInput{Input: &sandboxv1.ExecInput_Signal{Signal: int32(syscall.SIGINT)}})
	if r := k.until(""); r.GetExitCode() != 7 || !strings.Contains(k.out.String(), "1500000\n") {
		t.Errorf("%v, %q", r, k.out.String())
	}
}

// TestLargeInput feeds a command more than any message may hold, from a reader
// that knows no size, and one whose reader fails.
func TestLargeInput(t *testing.T) {
	t.Parallel()
	s := newSite(t, server.Limits{MessageBytes: 1 << 20})
	id := s.start(s.codebase())
	c := dial(t, s.url)
	const size = 20 << 20
	r, err := c.Exec(t.Context(), id, sandbox.ExecRequest{Command: "wc -c", Stdin: io.LimitReader(zeros{}, size)})
	must(t, err)
	if strings.TrimSpace(r.Stdout) != "20971520" {
		t.Errorf("got %q", r.Stdout)
	}
	r, err = c.Exec(t.Context(), id, sandbox.ExecRequest{Command: "head -c 1 | od -c | head -1", Stdin: zeros{}})
	if err != nil || !strings.Contains(r.Stdout, `\0`) {
		t.Errorf("of endless input: %+v, %v", r, err)
	}
	broken := errors.New("the reader is broken")
	_, err = c.Exec(t.Context(), id, sandbox.ExecRequest{Command: "cat", Stdin: io.MultiReader(strings.NewReader("x"), failing{broken})})
	if !errors.Is(err, broken) {
		t.Errorf("of a broken reader: %v", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

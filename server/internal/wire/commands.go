// SPDX-License-Identifier: MIT

package wire

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
)

// ExecTo turns a request into a message, without its standard input.
func ExecTo(id string, r *sandbox.ExecRequest) *sandboxv1.ExecRequest {
	m := &sandboxv1.ExecRequest{
		SandboxId: id, Command: r.Command, Argv: r.Argv, Env: r.Env, Workdir: r.Dir, Timeout: durationTo(r.Timeout), Tty: r.TTY, FullResult: true,
	}
	if r.Size != (sandbox.TerminalSize{}) {
		m.Size = &sandboxv1.TerminalSize{Rows: uint32(r.Size.Rows), Cols: uint32(r.Size.Cols)}
	}
	return m
}

// ExecFrom reads a request.
func ExecFrom(r *sandboxv1.ExecRequest) (req sandbox.ExecRequest, err error) {
	req = sandbox.ExecRequest{Command: r.GetCommand(), Argv: r.GetArgv(), Env: r.GetEnv(), Dir: r.GetWorkdir(), TTY: r.GetTty()}
	if req.Timeout, err = DurationFrom(r.GetTimeout()); err != nil {
		return req, err
	}
	if req.Size, err = SizeFrom(r.GetSize()); err != nil {
		return req, err
	}
	if r.GetStdin() != "" || len(r.GetStdinData()) > 0 {
		req.Stdin = io.MultiReader(strings.NewReader(r.GetStdin()), bytes.NewReader(r.GetStdinData()))
	}
	return req, nil
}

// SizeFrom reads the size of a terminal.
func SizeFrom(s *sandboxv1.TerminalSize) (sandbox.TerminalSize, error) {
	if s.GetRows() > 1<<16-1 || s.GetCols() > 1<<16-1 {
		return sandbox.TerminalSize{}, invalidf("a terminal of %d rows and %d columns", s.GetRows(), s.GetCols())
	}
	return sandbox.TerminalSize{Rows: uint16(s.GetRows()), Cols: uint16(s.GetCols())}, nil
}

// ResultTo turns a result into a message whose output takes no more than limit
// bytes; what is over is cut off, and the message says so.
func ResultTo(r *sandbox.ExecResult, limit int) *sandboxv1.ExecResult {
	m := &sandboxv1.ExecResult{
		Command: text(r.Command), ExitCode: int32(r.ExitCode), Duration: durationpb.New(r.Duration), Signal: r.Signal,
		UserTime: durationTo(r.UserTime), SystemTime: durationTo(r.SystemTime), PeakMemory: r.PeakMemory,
		TimedOut: r.TimedOut, OomKilled: r.OOMKilled, PidsLimited: r.PidsLimited, SessionEnded: r.SessionEnded,
		StdoutTruncated: r.StdoutTruncated, StderrTruncated: r.StderrTruncated,
	}
	limit = max(0, limit-len(m.Command))
	out, errs := share(outputSize(r.Stdout), outputSize(r.Stderr), limit)
	var cut bool
	m.Stdout, m.StdoutData, cut = outputTo(r.Stdout, out)
	m.StdoutTruncated = m.StdoutTruncated || cut
	m.Stderr, m.StderrData, cut = outputTo(r.Stderr, errs)
	m.StderrTruncated = m.StderrTruncated || cut
	return m
}

// share divides a limit between two: what one does not need is the other's.
func share(a, b, limit int) (int, int) {
	half := limit / 2
	switch {
	case a+b <= limit:
		return a, b
	case a <= half:
		return a, limit - a
	case b <= half:
		return limit - b, b
	}
	return half, half
}

// outputSize is how many bytes outputTo needs for all of an output.
func outputSize(s string) int {
	if odd(s) == nil {
		return len(s)
	}
	return len(text(s)) + len(s)
}

// outputTo is output as text, and as bytes where that is not the same, together
// of no more than limit bytes. Bytes that are no text are three each as such.
func outputTo(s string, limit int) (string, []byte, bool) {
	whole := len(s)
	if limit < whole {
		if utf8.ValidString(s) {
			for limit > 0 && !utf8.RuneStart(s[limit]) {
				limit-- // no character is cut in two
			}
		}
		s = s[:limit]
	}
	if utf8.ValidString(s) {
		return s, nil, len(s) < whole
	}
	shown := text(s)
	for len(shown)+len(s) > limit && len(s) > 0 {
		s = s[:len(s)-max(1, (len(shown)+len(s)-limit)/5)]
		shown = text(s)
	}
	return shown, []byte(s), len(s) < whole
}

// ResultFrom reads a result.
func ResultFrom(m *sandboxv1.ExecResult) *sandbox.ExecResult {
	return &sandbox.ExecResult{
		Command: m.GetCommand(), Stdout: exact(m.GetStdout(), m.GetStdoutData()), Stderr: exact(m.GetStderr(), m.GetStderrData()),
		ExitCode: int(m.GetExitCode()), Signal: m.GetSignal(), Duration: m.GetDuration().AsDuration(), UserTime: m.GetUserTime().AsDuration(),
		SystemTime: m.GetSystemTime().AsDuration(), PeakMemory: m.GetPeakMemory(), TimedOut: m.GetTimedOut(), OOMKilled: m.GetOomKilled(),
		PidsLimited: m.GetPidsLimited(), SessionEnded: m.GetSessionEnded(), StdoutTruncated: m.GetStdoutTruncated(), StderrTruncated: m.GetStderrTruncated(),
	}
}

// SessionTo describes a session.
func SessionTo(s *sandbox.SessionInfo) *sandboxv1.Session {
	return &sandboxv1.Session{
		Id: s.ID, SandboxId: s.SandboxID, Status: sessionStatuses.to(s.Status), Shell: text(s.Shell), CreatedAt: timeTo(s.Created), ClosedAt: timeTo(s.Closed),
		ExitCode: int32(s.ExitCode),
	}
}

// SessionFrom reads the description of a session.
func SessionFrom(m *sandboxv1.Session) *sandbox.SessionInfo {
	status, _ := sessionStatuses.from(m.GetStatus())
	return &sandbox.SessionInfo{
		ID: m.GetId(), SandboxID: m.GetSandboxId(), Status: status, Shell: m.GetShell(), Created: timeFrom(m.GetCreatedAt()), Closed: timeFrom(m.GetClosedAt()),
		ExitCode: int(m.GetExitCode()),
	}
}

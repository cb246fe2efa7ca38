// SPDX-License-Identifier: MIT

package servicetest

import (
	"strings"
	"time"

	"github.com/sandbox-rls/sandbox"
)

func testCommands(w *world) {
	id := w.start(w.codebase(nil).ID)
	r, err := w.svc.Exec(w.ctx, id, sandbox.ExecRequest{
		Command: "cat; echo $X; pwd; echo err >&2; exit 3", Stdin: strings.NewReader("in\n"), Env: map[string]string{"X": "y"}, Dir: "/tmp", Timeout: time.Minute,
	})
	w.must(err)
	if r.Stdout != "in\ny\n/tmp\n" || r.Stderr != "err\n" || r.ExitCode != 3 || r.Duration <= 0 {
		w.Errorf("got %+v", r)
	}
	testTimeout(w, id)
	_, err = w.svc.Exec(w.ctx, id, sandbox.ExecRequest{})
	w.want("no command", err, sandbox.ErrInvalid)
	var out, errs strings.Builder
	var result *sandbox.ExecResult
	for o, err := range w.svc.ExecStream(w.ctx, id, sandbox.ExecRequest{Command: "printf 'a\\377'; echo b >&2; exit 4"}) {
		w.must(err)
		switch {
		case o.Result != nil:
			result = o.Result
		case o.Stream == sandbox.Stderr:
			errs.Write(o.Data)
		default:
			out.Write(o.Data)
		}
	}
	if out.String() != "a\xff" || errs.String() != "b\n" || result == nil || result.ExitCode != 4 {
		w.Errorf("streamed %q, %q, %+v", out.String(), errs.String(), result)
	}
}

// testTimeout has a command go on for longer than it may. What it had said by then is
// there; where it had not come to that, which a slow machine is the cause of, it is given
// longer.
func testTimeout(w *world, id string) {
	for timeout := 300 * time.Millisecond; ; timeout *= 4 {
		r, err := w.svc.Exec(w.ctx, id, sandbox.ExecRequest{Command: "echo before; echo > said; sleep 1000", Timeout: timeout})
		w.want("a timeout", err, sandbox.ErrCommandTimeout)
		_, unsaid := w.svc.ReadFile(w.ctx, id, "/workspace/said")
		if unsaid != nil && timeout < time.Minute {
			continue
		}
		if r != nil && (r.Stdout != "before\n" || !r.TimedOut) {
			w.Errorf("within %v: got %+v, %v", timeout, r, unsaid)
		}
		return
	}
}

func testSessions(w *world) {
	id := w.start(w.codebase(nil).ID)
	info, err := w.svc.CreateSession(w.ctx, id, sandbox.CreateSessionRequest{Shell: "/bin/sh", Env: map[string]string{"A": "1"}, Dir: "/tmp"})
	w.must(err)
	if info.ID == "" || info.SandboxID != id || info.Shell != "/bin/sh" || info.Status != sandbox.SessionActive || info.Created.IsZero() {
		w.Errorf("created: %+v", info)
	}
	exec := func(command string) *sandbox.ExecResult {
		r, err := w.svc.SessionExec(w.ctx, info.ID, sandbox.SessionExecRequest{Command: command, Timeout: time.Minute})
		w.must(err)
		return r
	}
	exec("B=2; cd /usr")
	if r := exec("echo $A $B $PWD; echo e >&2; false"); r.Stdout != "1 2 /usr\n" || r.Stderr != "e\n" || r.ExitCode != 1 {
		w.Errorf("got %+v", r)
	}
	_, err = w.svc.SessionExec(w.ctx, info.ID, sandbox.SessionExecRequest{Command: "sleep 100", Timeout: 200 * time.Millisecond})
	w.want("a timeout", err, sandbox.ErrCommandTimeout)
	var streamed strings.Builder
	for o, err := range w.svc.SessionExecStream(w.ctx, info.ID, sandbox.SessionExecRequest{Command: "echo $B"}) {
		w.must(err)
		streamed.Write(o.Data)
	}
	if streamed.String() != "2\n" {
		w.Errorf("streamed %q", streamed.String())
	}
	_, err = w.svc.CreateSession(w.ctx, id, sandbox.CreateSessionRequest{Shell: "/bin/none"})
	w.want("no shell", err, sandbox.ErrInvalid)
	list, err := w.svc.ListSessions(w.ctx, id)
	w.must(err)
	if len(list) != 1 || list[0].ID != info.ID {
		w.Errorf("listed: %+v", list)
	}
	if r := exec("exit 5"); r.ExitCode != 5 || !r.SessionEnded {
		w.Errorf("got %+v", r)
	}
	_, err = w.svc.SessionExec(w.ctx, info.ID, sandbox.SessionExecRequest{Command: "true"})
	w.want("an ended session", err, sandbox.ErrSessionClosed)
	if now, err := w.svc.GetSession(w.ctx, info.ID); err != nil || now.Status != sandbox.SessionClosed || now.ExitCode != 5 || now.Closed.IsZero() {
		w.Errorf("ended: %+v, %v", now, err)
	}
}

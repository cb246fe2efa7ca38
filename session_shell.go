// SPDX-License-Identifier: MIT

package sandbox

import (
	"bufio"
	"context"
	"errors"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/sandbox-rls/sandbox/internal/engine"
	"github.com/sandbox-rls/sandbox/runtime"
)

// shell is the process of a session, and how it is talked to. See shell.go
// for what is said.
type shell struct {
	box    *engine.Box
	proc   runtime.Process
	script *os.File // what the shell reads
	status *os.File // what it answers
	out    [2]valve // stdout and stderr
	taps   [2]*tap
	traits traits

	mu      sync.Mutex
	seq     uint64
	awaited uint64
	answers chan answer // the one to awaited

	back  chan struct{} // holds one when the shell makes itself anew
	gone  chan struct{} // closed when the shell has ended, and exit and err are set
	ended chan struct{} // closed when what it printed has been handed on, too
	exit  runtime.Status
	err   error
}

// shellFiles are the ends of the pipes that the shell itself gets.
type shellFiles struct{ stdin, stdout, stderr, script, status *os.File }

func (f *shellFiles) close() {
	for _, f := range []*os.File{f.stdin, f.stdout, f.stderr, f.script, f.status} {
		if f != nil {
			f.Close()
		}
	}
}

// newShell makes the pipes of a shell.
func newShell(box *engine.Box, owner runtime.Owner, limit int64) (sh *shell, theirs shellFiles, err error) {
	sh = &shell{box: box, answers: make(chan answer, 1), back: make(chan struct{}, 1), gone: make(chan struct{}), ended: make(chan struct{})}
	var ours [2]*os.File
	defer func() {
		if err != nil {
			theirs.close()
			mine := shellFiles{stdout: ours[0], stderr: ours[1], script: sh.script, status: sh.status}
			mine.close()
		}
	}()
	if theirs.stdin, err = os.Open(os.DevNull); err != nil {
		return sh, theirs, err
	}
	if ours[0], theirs.stdout, err = pipe(owner); err != nil {
		return sh, theirs, err
	}
	if ours[1], theirs.stderr, err = pipe(owner); err != nil {
		return sh, theirs, err
	}
	if theirs.script, sh.script, err = pipe(owner); err != nil {
		return sh, theirs, err
	}
	if sh.status, theirs.status, err = pipe(owner); err != nil {
		return sh, theirs, err
	}
	for i := range sh.taps {
		sh.out[i].kept.limit = limit
		sh.taps[i] = newTap(ours[i], sh.out[i].sink)
	}
	return sh, theirs, nil
}

// start runs the shell and waits until it answers.
func (sh *shell) start(ctx context.Context, cmd runtime.Command, f shellFiles) error {
	defer f.close()
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Files = f.stdin, f.stdout, f.stderr, []*os.File{f.script, f.status}
	sh.box.Started()
	var err error
	if sh.proc, err = sh.box.Start(cmd); err != nil {
		sh.box.Ended()
		mine := shellFiles{stdout: sh.taps[0].file, stderr: sh.taps[1].file, script: sh.script, status: sh.status}
		mine.close()
		return err
	}
	for _, t := range sh.taps {
		go t.run()
	}
	go sh.listen()
	go sh.supervise()
	seq := sh.await()
	_, err = sh.say(ctx, hello(seq))
	if err == nil {
		select {
		case a := <-sh.answers:
			sh.traits = a.traits
			return nil
		case <-sh.gone:
			err = invalidf("it ended at once: it is no POSIX shell, or one without \"command eval\", as zsh is unless it is called sh")
		case <-ctx.Done():
		case <-time.After(startPatience):
			err = invalidf("it does not answer as a POSIX shell would")
		}
	}
	sh.kill()
	<-sh.ended
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case sh.err != nil:
		return sh.err
	}
	return err
}

// startPatience is how long a shell may take to begin.
const startPatience = 20 * time.Second

// supervise waits for the shell's end, and lets go of all that it had.
func (sh *shell) supervise() {
	sh.exit, sh.err = sh.proc.Wait(context.Background())
	close(sh.gone)
	for _, t := range sh.taps {
		t.finish()
	}
	sh.script.Close()
	sh.status.Close()
	sh.box.Ended()
	close(sh.ended)
}

// listen takes the shell's answers. Only the one that is awaited counts.
func (sh *shell) listen() {
	lines := bufio.NewReaderSize(sh.status, 64)
	for {
		line, err := lines.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
		if string(line) == backRecord {
			select {
			case sh.back <- struct{}{}:
			default:
			}
			continue
		}
		a, ok := parseAnswer(line)
		sh.mu.Lock()
		if ok && a.seq == sh.awaited {
			sh.awaited = 0
			sh.answers <- a
		}
		sh.mu.Unlock()
	}
}

// await returns the number of the answer that is awaited from now on.
func (sh *shell) await() uint64 {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	select {
	case <-sh.answers: // to something that was given up
	default:
	}
	sh.seq++
	sh.awaited = sh.seq
	return sh.seq
}

// forgo awaits no answer any more.
func (sh *shell) forgo() {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.awaited = 0
}

// say writes to the shell's script, and says how much of it. A shell that does
// not read it makes this wait until ctx ends.
func (sh *shell) say(ctx context.Context, text string) (int, error) {
	_ = sh.script.SetWriteDeadline(time.Time{})
	over := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(over)
		_ = sh.script.SetWriteDeadline(time.Unix(1, 0))
	})
	n, err := sh.script.WriteString(text)
	if !stop() {
		<-over // lest it come in the way of what is said next
	}
	return n, err
}

// run runs a command. An exit code of -1 means that it was not run.
func (sh *shell) run(ctx context.Context, req SessionExecRequest, last int, to sinks, r *ExecResult) error {
	r.ExitCode = -1
	select {
	case <-sh.gone:
		return ErrSessionClosed
	default:
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := withTimeout(ctx, req.Timeout)
	defer cancel()
	if err := sh.proc.Settle(ctx); err != nil {
		if ctx.Err() != nil {
			return sh.tooLate(ctx, req.Timeout, r)
		}
		return because(ErrSessionClosed, err)
	}
	truncated := [2]*bool{&r.StdoutTruncated, &r.StderrTruncated}
	for i, sink := range []func([]byte){to.out, to.err} {
		*truncated[i] = sh.out[i].open(sink)
		defer sh.out[i].shut()
	}
	seq := sh.await()
	if n, err := sh.say(ctx, evaluate(seq, req.Command, last, sh.traits)); err != nil && ctx.Err() != nil {
		if n == 0 {
			sh.forgo()
			return sh.tooLate(ctx, req.Timeout, r)
		}
		sh.kill() // it has got half of a command
		return sh.givenUp(ctx, req.Timeout, r)
	}
	select {
	case a := <-sh.answers:
		r.ExitCode = a.status
	case <-sh.ended:
		sh.reportEnd(r)
		return sh.err
	case <-ctx.Done():
		select {
		case a := <-sh.answers: // it was in time after all
			r.ExitCode = a.status
			sh.flush()
			return nil
		default:
		}
		if !sh.traits.rigid && sh.comeBack() {
			r.ExitCode = interrupted
			sh.endRest()
		} else {
			sh.kill()
		}
		return sh.givenUp(ctx, req.Timeout, r)
	}
	sh.flush()
	return nil
}

// givenUp says why a command was not waited for any longer.
func (sh *shell) givenUp(ctx context.Context, timeout time.Duration, r *ExecResult) error {
	select {
	case <-sh.gone:
		<-sh.ended
		sh.reportEnd(r)
	default:
		sh.flush()
	}
	return whyOver(ctx, timeout, r)
}

// tooLate says why a command was not even begun. One whose time was up is
// none that was not run.
func (sh *shell) tooLate(ctx context.Context, timeout time.Duration, r *ExecResult) error {
	err := whyOver(ctx, timeout, r)
	if r.TimedOut {
		r.ExitCode = interrupted
	}
	return err
}

// whyOver tells the timeout from the end of the caller's own context.
func whyOver(ctx context.Context, timeout time.Duration, r *ExecResult) error {
	if context.Cause(ctx) == ErrCommandTimeout {
		r.TimedOut = true
		return timedOut(timeout)
	}
	return ctx.Err()
}

func (sh *shell) flush() {
	for _, t := range sh.taps {
		t.flush()
	}
}

// reportEnd says how the shell ended, which the command has caused.
func (sh *shell) reportEnd(r *ExecResult) {
	r.SessionEnded = true
	r.ExitCode = sh.exit.ExitCode
	if sh.exit.Signal != 0 {
		r.Signal = signalName(sh.exit.Signal)
	}
}

// goodbye is how long a shell that is told to end may take, with its EXIT trap.
const goodbye = time.Second

// close ends the shell: by the end of its script, or, if it is busy, at once.
func (sh *shell) close() {
	sh.mu.Lock()
	busy := sh.awaited != 0
	sh.mu.Unlock()
	if !busy {
		sh.script.Close()
		select {
		case <-sh.gone:
			return
		case <-time.After(goodbye):
		}
	}
	sh.kill()
}

// kill ends the shell and all that is beneath it. It does not wait for whoever
// takes the output, who may be the caller.
func (sh *shell) kill() {
	_ = sh.proc.Signal(syscall.SIGKILL)
	<-sh.gone
}

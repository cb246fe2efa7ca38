// SPDX-License-Identifier: MIT

package launch

import (
	"context"
	"errors"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/sandbox-rls/sandbox/internal/control"
	"github.com/sandbox-rls/sandbox/runtime"
)

// process is a command that the init runs.
type process struct {
	in     *instance
	id     uint64
	cmd    runtime.Command
	done   chan struct{}
	status runtime.Status
	err    error

	asking     sync.Mutex
	settled    chan struct{} // the init has answered
	unanswered bool          // it has yet to
}

// Start asks the init to run a command. A command that cannot be started is
// told by Wait, so that starting costs no round trip.
func (in *instance) Start(cmd runtime.Command) (runtime.Process, error) {
	if len(cmd.Argv) == 0 || cmd.Stdin == nil || cmd.Stdout == nil || cmd.Stderr == nil {
		return nil, errors.New("a command needs arguments and three files")
	}
	in.mu.Lock()
	if in.running == nil {
		in.mu.Unlock()
		return nil, runtime.ErrEnded
	}
	in.next++
	p := &process{in: in, id: in.next, cmd: cmd, done: make(chan struct{}), settled: make(chan struct{}, 1)}
	in.running[p.id] = p
	in.mu.Unlock()
	exec := &control.Exec{ID: p.id, Argv: cmd.Argv, Env: cmd.Env, Dir: cmd.Dir, TTY: cmd.TTY, OpenFiles: in.files}
	if err := in.send(exec, descriptors(cmd)...); err != nil {
		in.mu.Lock()
		delete(in.running, p.id)
		in.mu.Unlock()
		return nil, err
	}
	return p, nil
}

func descriptors(cmd runtime.Command) []int {
	fds := []int{int(cmd.Stdin.Fd()), int(cmd.Stdout.Fd()), int(cmd.Stderr.Fd())}
	for _, f := range cmd.Files {
		fds = append(fds, int(f.Fd()))
	}
	return fds
}

// finish completes a command by what the init said of it.
func (in *instance) finish(id uint64, st runtime.Status, err error, exit *control.Exit) {
	in.mu.Lock()
	p := in.running[id]
	delete(in.running, id)
	in.mu.Unlock()
	if p == nil {
		return // unknown, or said twice
	}
	if exit != nil {
		st = statusOf(exit)
	}
	var start *runtime.StartError
	if errors.As(err, &start) {
		start.Path = p.cmd.Argv[0]
		if start.Step == "chdir" {
			start.Path = p.cmd.Dir
		}
	}
	p.finish(st, err)
	if in.commandEnded != nil {
		in.commandEnded()
	}
}

func (p *process) finish(st runtime.Status, err error) {
	p.status, p.err = st, err
	close(p.done)
}

func statusOf(m *control.Exit) runtime.Status {
	ws := syscall.WaitStatus(m.Status)
	st := runtime.Status{
		User:       time.Duration(m.UserMicros) * time.Microsecond,
		System:     time.Duration(m.SysMicros) * time.Microsecond,
		PeakMemory: m.MaxRSSKiB << 10,
	}
	if ws.Signaled() {
		st.Signal = int(ws.Signal())
		st.ExitCode = 128 + st.Signal
	} else {
		st.ExitCode = ws.ExitStatus()
	}
	return st
}

// Wait returns how the command ended.
func (p *process) Wait(ctx context.Context) (runtime.Status, error) {
	select {
	case <-p.done:
		return p.status, p.err
	case <-ctx.Done():
		return runtime.Status{}, ctx.Err()
	}
}

// Signal signals the command's processes.
func (p *process) Signal(sig os.Signal) error {
	n, ok := sig.(syscall.Signal)
	if !ok {
		return errors.New("not a signal of this system")
	}
	if n == syscall.SIGKILL {
		p.expectEnd()
	}
	return p.in.send(&control.Kill{ID: p.id, Signal: int(n)})
}

// expectEnd ends the sandbox if the command, which is being killed, does not end.
func (p *process) expectEnd() {
	time.AfterFunc(p.in.patience, func() {
		select {
		case <-p.done:
		default:
			p.in.Kill()
		}
	})
}

// Settle has the init note what runs beneath the command.
func (p *process) Settle(ctx context.Context) error {
	return p.ask(ctx, &control.Settle{ID: p.id})
}

// Interrupt signals what the command runs since it was settled.
func (p *process) Interrupt(sig, leader os.Signal) error {
	n, ok := sig.(syscall.Signal)
	l, ok2 := leader.(syscall.Signal)
	if !ok || !ok2 {
		return errors.New("not a signal of this system")
	}
	return p.ask(context.Background(), &control.Kill{ID: p.id, Signal: int(n), Fresh: true, Leader: int(l)})
}

// ask sends what is answered by Settled, and waits for that.
func (p *process) ask(ctx context.Context, m control.Message) error {
	p.asking.Lock()
	defer p.asking.Unlock()
	if p.unanswered { // the one before was given up
		if err := p.answer(ctx); err != nil {
			return err
		}
	}
	defer p.in.await()()
	if err := p.in.send(m); err != nil {
		return err
	}
	p.unanswered = true
	return p.answer(ctx)
}

func (p *process) answer(ctx context.Context) error {
	select {
	case <-p.settled:
		p.unanswered = false
		return nil
	case <-p.done:
		return runtime.ErrEnded
	case <-ctx.Done():
		return ctx.Err()
	}
}

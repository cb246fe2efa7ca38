// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"iter"
	"os"

	"github.com/sandbox-rls/sandbox/internal/pty"
)

// Stream says where a command printed something.
type Stream uint8

// The streams.
const (
	Stdout Stream = 1 + iota
	Stderr
)

// String is "stdout", "stderr", or "unknown", as of the output that says how a command ended.
func (s Stream) String() string {
	switch s {
	case Stdout:
		return "stdout"
	case Stderr:
		return "stderr"
	}
	return "unknown"
}

// ExecOutput is something that a command printed, or, as the last of its
// outputs, how it ended.
type ExecOutput struct {
	Stream Stream
	// Data is valid until the next output is asked for.
	Data []byte
	// Result is set in the last output, and there alone, without what was printed.
	Result *ExecResult
}

// execStream runs a command and yields what it prints.
func (s *resident) execStream(ctx context.Context, req ExecRequest) iter.Seq2[ExecOutput, error] {
	return func(yield func(ExecOutput, error) bool) {
		c, err := s.startCommand(ctx, req)
		if err != nil {
			yield(ExecOutput{}, err)
			return
		}
		defer c.Close()
		c.Output()(yield)
	}
}

// Command is a command that its caller drives: takes its output from, signals,
// and waits for. All methods may be called concurrently.
type Command struct {
	execution *execution
	output    *puller
	cancel    context.CancelFunc
	done      chan struct{} // closed when result and err are set
	result    *ExecResult
	err       error
}

// startCommand starts a command and does not wait for it.
func (s *resident) startCommand(ctx context.Context, req ExecRequest) (*Command, error) {
	out := newPuller()
	e, err := s.launch(ctx, req, receiver{sinks: sinks{err: out.stderr}, puller: out})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	c := &Command{execution: e, output: out, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		c.result, c.err = e.finish(ctx)
	}()
	return c, nil
}

// Output yields what the command prints, as ExecStream does. It can be ranged
// over once. Breaking off drops the rest, and lets the command run on.
func (c *Command) Output() iter.Seq2[ExecOutput, error] {
	return func(yield func(ExecOutput, error) bool) {
		if !c.output.pass(func(o ExecOutput) bool { return yield(o, nil) }) {
			return
		}
		<-c.done
		if c.result != nil && c.result.Stderr != "" { // why it was never run
			if !yield(ExecOutput{Stream: Stderr, Data: []byte(c.result.Stderr)}, nil) {
				return
			}
		}
		yield(ExecOutput{Result: c.result}, c.err)
	}
}

// Wait returns how the command ended, as Exec does, and drops what of its
// output was not taken. Waiting again returns the same.
func (c *Command) Wait() (*ExecResult, error) {
	c.output.leave()
	<-c.done
	return c.result, c.err
}

// Signal signals all processes of the command.
func (c *Command) Signal(sig os.Signal) error {
	if err := c.execution.proc.Signal(sig); err != nil {
		return c.execution.sandbox.fail("signal", "", ended(err))
	}
	return nil
}

// Resize tells the command the size of its terminal, with SIGWINCH. Without a
// terminal it is ErrInvalid.
func (c *Command) Resize(size TerminalSize) error {
	t := c.execution.exchange.terminal
	if t == nil {
		return c.execution.sandbox.fail("resize", "", invalidf("the command has no terminal"))
	}
	if err := pty.Resize(t, size); err != nil {
		return c.execution.sandbox.fail("resize", "", err)
	}
	return nil
}

// Close ends the command with all its processes and waits until none is left.
// Closing one that has ended does nothing.
func (c *Command) Close() error {
	c.cancel()
	_, _ = c.Wait()
	return nil
}

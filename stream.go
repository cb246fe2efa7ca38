// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"iter"
	"os"
	"sync"

	"github.com/sandbox-rls/sandbox/internal/pty"
)

// Stream says where a command printed something.
type Stream uint8

// The streams.
const (
	Stdout Stream = 1 + iota
	Stderr
)

// String is "stdout" or "stderr".
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

// ExecStream runs a command and yields what it prints as it comes: in order
// within stdout and within stderr, all of it, and no faster than it is taken,
// since the command waits meanwhile. The last output holds the result. Breaking
// off the loop, like the end of ctx, ends the command with all its processes.
//
// An error comes last: with the result if the command has run, as that of Exec.
func (s *Sandbox) ExecStream(ctx context.Context, req ExecRequest) iter.Seq2[ExecOutput, error] {
	return func(yield func(ExecOutput, error) bool) {
		c, err := s.StartCommand(ctx, req)
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
	output    *outlet
	cancel    context.CancelFunc
	done      chan struct{} // closed when result and err are set
	result    *ExecResult
	err       error
}

// StartCommand starts a command and does not wait for it. It is ended, with
// all its processes, when ctx ends, when its time is up, or by Close. What it
// prints must be taken by Output, or dropped by Wait: it waits until then.
func (s *Sandbox) StartCommand(ctx context.Context, req ExecRequest) (*Command, error) {
	out := newOutlet()
	e, err := s.launch(req, sinks{out.sink(Stdout), out.sink(Stderr)})
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
		if !c.output.pass(c.done, func(o ExecOutput) bool { return yield(o, nil) }) {
			return
		}
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
		return c.execution.sandbox.fail("signal", "", c.execution.sandbox.ended(err))
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

// outlet passes chunks from taps to a consumer, one at a time. A tap waits
// until its chunk was taken, so that nothing is copied or kept.
type outlet struct {
	chunks chan ExecOutput
	taken  [2]chan struct{} // by stream
	left   chan struct{}    // closed when nobody takes any more
	once   sync.Once
}

func newOutlet() *outlet {
	return &outlet{chunks: make(chan ExecOutput), taken: [2]chan struct{}{make(chan struct{}), make(chan struct{})}, left: make(chan struct{})}
}

func (o *outlet) sink(s Stream) func([]byte) {
	return func(data []byte) {
		select {
		case o.chunks <- ExecOutput{Stream: s, Data: data}:
		case <-o.left:
			return
		}
		<-o.taken[s-Stdout]
	}
}

// pass gives all chunks to a consumer until done is closed. It says whether
// the consumer has taken all.
func (o *outlet) pass(done <-chan struct{}, take func(ExecOutput) bool) bool {
	defer o.leave()
	for {
		select {
		case c := <-o.chunks:
			more := o.give(c, take)
			if !more {
				return false
			}
		case <-done:
			// By then the taps have handed on everything.
			return true
		}
	}
}

func (o *outlet) give(c ExecOutput, take func(ExecOutput) bool) bool {
	defer func() { o.taken[c.Stream-Stdout] <- struct{}{} }()
	return take(c)
}

func (o *outlet) leave() { o.once.Do(func() { close(o.left) }) }

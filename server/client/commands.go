// SPDX-License-Identifier: MIT

package client

import (
	"context"
	"errors"
	"io"
	"iter"
	"strings"

	"connectrpc.com/connect"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/internal/wire"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
)

// maxUnary is how much standard input goes with a command in one message.
const maxUnary = 1 << 20

// Exec runs a command, as CommandService says.
func (c *Client) Exec(ctx context.Context, sandboxID string, req sandbox.ExecRequest) (*sandbox.ExecResult, error) {
	m := wire.ExecTo(sandboxID, &req)
	if req.Stdin != nil {
		whole, rest := start(req.Stdin)
		if rest != nil {
			return c.feed(ctx, sandboxID, m, rest)
		}
		m.StdinData = whole
	}
	r, err := c.sandboxes.Exec(ctx, m)
	return result(ctx, sandboxID, r, err)
}

// start reads standard input that is at hand already, so that a command that has
// little of it takes one message. What may take longer is left to read.
func start(r io.Reader) (whole []byte, rest io.Reader) {
	sized, ok := r.(interface{ Len() int }) // bytes.Reader, strings.Reader, bytes.Buffer
	if !ok || sized.Len() > maxUnary {
		return nil, r
	}
	whole, err := io.ReadAll(r)
	if err != nil {
		return nil, io.MultiReader(strings.NewReader(string(whole)), failing{err})
	}
	return whole, nil
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// result turns the answer to a command into its result.
func result(ctx context.Context, id string, m *sandboxv1.ExecResult, err error) (*sandbox.ExecResult, error) {
	if err != nil {
		return nil, wire.FromConnect(ctx, "exec", id, "", err)
	}
	r := wire.ResultFrom(m)
	return r, timeoutOf(id, r)
}

// timeoutOf is the error of a command that ran for too long.
func timeoutOf(id string, r *sandbox.ExecResult) error {
	if r.TimedOut {
		return &sandbox.Error{Op: "exec", ID: id, Err: sandbox.ErrCommandTimeout}
	}
	return nil
}

// ExecStream runs a command and yields what it prints, as CommandService says.
func (c *Client) ExecStream(ctx context.Context, sandboxID string, req sandbox.ExecRequest) iter.Seq2[sandbox.ExecOutput, error] {
	m := wire.ExecTo(sandboxID, &req)
	if req.Stdin != nil {
		return c.feedStream(ctx, sandboxID, m, req.Stdin)
	}
	return outputs(ctx, sandboxID, func(ctx context.Context) (*connect.ServerStreamForClient[sandboxv1.ExecOutput], error) {
		return c.sandboxes.ExecStream(ctx, m)
	})
}

// outputs yields what a stream brings. Breaking off ends the command.
func outputs(ctx context.Context, id string, open func(context.Context) (*connect.ServerStreamForClient[sandboxv1.ExecOutput], error)) iter.Seq2[sandbox.ExecOutput, error] {
	return func(yield func(sandbox.ExecOutput, error) bool) {
		inner, cancel := context.WithCancel(ctx)
		defer cancel()
		stream, err := open(inner)
		if err != nil {
			yield(sandbox.ExecOutput{}, wire.FromConnect(ctx, "exec", id, "", err))
			return
		}
		defer stream.Close()
		receive := func() (*sandboxv1.ExecOutput, error) {
			if !stream.Receive() {
				return nil, orEOF(stream.Err())
			}
			return stream.Msg(), nil
		}
		pass(ctx, id, receive, yield)
		cancel() // before Close, which reads what is left
	}
}

func orEOF(err error) error {
	if err == nil {
		return io.EOF
	}
	return err
}

// pass yields messages as outputs, until the result.
func pass(ctx context.Context, id string, receive func() (*sandboxv1.ExecOutput, error), yield func(sandbox.ExecOutput, error) bool) {
	for {
		m, err := receive()
		if errors.Is(err, io.EOF) {
			err = connect.NewError(connect.CodeUnavailable, errors.New("the stream ended before the command"))
		}
		if err != nil {
			yield(sandbox.ExecOutput{}, wire.FromConnect(ctx, "exec", id, "", err))
			return
		}
		if m.GetResult() != nil {
			r := wire.ResultFrom(m.GetResult())
			yield(sandbox.ExecOutput{Result: r}, timeoutOf(id, r))
			return
		}
		if !yield(sandbox.ExecOutput{Stream: wire.StreamFrom(m.GetType()), Data: m.GetData()}, nil) {
			return
		}
	}
}

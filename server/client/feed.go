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
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
)

// chunkSize is how much of a file goes into one message.
const chunkSize = 256 << 10

// feedStream runs a command with standard input that comes while it runs. What the
// reader still has when the command ends is not taken; a reader that is stuck then
// keeps a goroutine until it returns.
func (c *Client) feedStream(ctx context.Context, id string, start *sandboxv1.ExecRequest, stdin io.Reader) iter.Seq2[sandbox.ExecOutput, error] {
	return func(yield func(sandbox.ExecOutput, error) bool) {
		inner, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		stream, err := c.sandboxes.ExecInteractive(inner)
		if err != nil {
			yield(sandbox.ExecOutput{}, connectionOf(ctx, id, err))
			return
		}
		defer stream.CloseResponse()
		if err := stream.Send(&sandboxv1.ExecInput{Input: &sandboxv1.ExecInput_Start{Start: start}}); err != nil && !errors.Is(err, io.EOF) {
			yield(sandbox.ExecOutput{}, connectionOf(ctx, id, err))
			return
		}
		go func() {
			if err := send(stream, stdin); err != nil {
				cancel(&sandbox.Error{Op: "exec", ID: id, Err: err})
			}
		}()
		pass(ctx, id, stream.Receive, func(o sandbox.ExecOutput, err error) bool {
			var own *sandbox.Error
			if cause := context.Cause(inner); err != nil && ctx.Err() == nil && errors.As(cause, &own) {
				err = cause // the reader's
			}
			return yield(o, err)
		})
		cancel(nil)
	}
}

// send sends what a reader has, until the command takes no more.
func send(stream *connect.BidiStreamForClientSimple[sandboxv1.ExecInput, sandboxv1.ExecOutput], r io.Reader) error {
	buf := make([]byte, chunkSize)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			if stream.Send(&sandboxv1.ExecInput{Input: &sandboxv1.ExecInput_Stdin{Stdin: buf[:n]}}) != nil {
				return nil // Receive says why
			}
		}
		if errors.Is(err, io.EOF) {
			_ = stream.CloseRequest()
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// feed is feedStream for a caller who waits. The output is kept up to what a
// sandbox keeps by default.
func (c *Client) feed(ctx context.Context, id string, start *sandboxv1.ExecRequest, stdin io.Reader) (*sandbox.ExecResult, error) {
	var kept [2]strings.Builder
	var cut [2]bool
	for o, err := range c.feedStream(ctx, id, start, stdin) {
		if o.Result != nil {
			r := *o.Result
			r.Stdout, r.Stderr = kept[0].String(), kept[1].String()
			r.StdoutTruncated, r.StderrTruncated = r.StdoutTruncated || cut[0], r.StderrTruncated || cut[1]
			return &r, err
		}
		if err != nil {
			return nil, err
		}
		i := 0
		if o.Stream == sandbox.Stderr {
			i = 1
		}
		room := sandbox.DefaultOutputLimit - kept[i].Len()
		kept[i].Write(o.Data[:min(len(o.Data), room)])
		cut[i] = cut[i] || len(o.Data) > room
	}
	return nil, connectionOf(ctx, id, io.ErrUnexpectedEOF)
}

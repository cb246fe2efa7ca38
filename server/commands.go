// SPDX-License-Identifier: MIT

package server

import (
	"context"
	"errors"
	"io"
	"iter"

	"connectrpc.com/connect"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/internal/wire"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
)

func (s sandboxes) Exec(ctx context.Context, r *sandboxv1.ExecRequest) (*sandboxv1.ExecResult, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	req, err := wire.ExecFrom(r)
	if err != nil {
		return nil, err
	}
	result, err := svc.Exec(ctx, r.GetSandboxId(), req)
	return s.result(result, err, r.GetFullResult())
}

func (s sandboxes) SessionExec(ctx context.Context, r *sandboxv1.SessionExecRequest) (*sandboxv1.ExecResult, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	req, err := sessionExec(r)
	if err != nil {
		return nil, err
	}
	result, err := svc.SessionExec(ctx, r.GetSessionId(), req)
	return s.result(result, err, r.GetFullResult())
}

func sessionExec(r *sandboxv1.SessionExecRequest) (sandbox.SessionExecRequest, error) {
	timeout, err := wire.DurationFrom(r.GetTimeout())
	return sandbox.SessionExecRequest{Command: r.GetCommand(), Timeout: timeout}, err
}

// result is the answer to a command. That it ran for too long is one too, for a
// client that has asked for it.
func (s *server) result(r *sandbox.ExecResult, err error, full bool) (*sandboxv1.ExecResult, error) {
	if r != nil && full && errors.Is(err, sandbox.ErrCommandTimeout) {
		r.TimedOut = true
		err = nil
	}
	if err != nil {
		return nil, err
	}
	return wire.ResultTo(r, s.options.limits.OutputBytes), nil
}

func (s sandboxes) ExecStream(ctx context.Context, r *sandboxv1.ExecRequest, stream *connect.ServerStream[sandboxv1.ExecOutput]) error {
	svc, err := s.service(ctx)
	if err != nil {
		return err
	}
	req, err := wire.ExecFrom(r)
	if err != nil {
		return err
	}
	return s.stream(svc.ExecStream(ctx, r.GetSandboxId(), req), r.GetFullResult(), stream.Send)
}

func (s sandboxes) SessionExecStream(ctx context.Context, r *sandboxv1.SessionExecRequest, stream *connect.ServerStream[sandboxv1.ExecOutput]) error {
	svc, err := s.service(ctx)
	if err != nil {
		return err
	}
	req, err := sessionExec(r)
	if err != nil {
		return err
	}
	return s.stream(svc.SessionExecStream(ctx, r.GetSessionId(), req), r.GetFullResult(), stream.Send)
}

// stream sends what a command prints, and how it ended.
func (s *server) stream(outputs iter.Seq2[sandbox.ExecOutput, error], full bool, send func(*sandboxv1.ExecOutput) error) error {
	for o, err := range outputs {
		if len(o.Data) > 0 {
			if err := sendData(o, send); err != nil {
				return err
			}
		}
		if o.Result != nil && full && errors.Is(err, sandbox.ErrCommandTimeout) {
			o.Result.TimedOut = true
			err = nil
		}
		if o.Result != nil && full && err == nil {
			if err := send(&sandboxv1.ExecOutput{Result: wire.ResultTo(o.Result, s.options.limits.OutputBytes)}); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func sendData(o sandbox.ExecOutput, send func(*sandboxv1.ExecOutput) error) error {
	for data := o.Data; len(data) > 0; {
		part := data[:min(len(data), chunkSize)]
		if err := send(&sandboxv1.ExecOutput{Type: wire.StreamTo(o.Stream), Data: part}); err != nil {
			return err
		}
		data = data[len(part):]
	}
	return nil
}

func (s sandboxes) ExecInteractive(ctx context.Context, stream *connect.BidiStream[sandboxv1.ExecInput, sandboxv1.ExecOutput]) error {
	svc, err := s.service(ctx)
	if err != nil {
		return err
	}
	first, err := stream.Receive()
	if errors.Is(err, io.EOF) || err == nil && first.GetStart() == nil {
		return invalidf("the first message says what to run")
	}
	if err != nil {
		return err
	}
	start := first.GetStart()
	req, err := wire.ExecFrom(start)
	if err != nil {
		return err
	}
	return s.interact(ctx, svc, start, req, stream)
}

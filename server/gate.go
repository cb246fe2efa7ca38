// SPDX-License-Identifier: MIT

package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/internal/wire"
)

// gate turns the errors of calls into those of the protocol, and turns away calls of
// nobody's and those that come while the server ends.
type gate struct{ *server }

func (g gate) enter(ctx context.Context) error {
	if c := callerOf(ctx); c.err != nil {
		return c.err
	}
	if !g.options.serving() {
		return sandbox.ErrClosed
	}
	return nil
}

// WrapUnary implements connect.Interceptor.
func (g gate) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		message, _ := req.Any().(proto.Message)
		if err := g.enter(ctx); err != nil {
			return nil, wire.ToConnect(err, message)
		}
		res, err := next(ctx, req)
		if err != nil {
			return nil, g.answer(ctx, err, message)
		}
		return res, nil
	}
}

// WrapStreamingHandler implements connect.Interceptor.
func (g gate) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		if err := g.enter(ctx); err != nil {
			return wire.ToConnect(err, nil)
		}
		first := &remembering{StreamingHandlerConn: conn}
		if err := next(ctx, first); err != nil {
			return g.answer(ctx, err, first.message)
		}
		return nil
	}
}

// WrapStreamingClient implements connect.Interceptor.
func (gate) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

// remembering keeps the first message of a stream: what the client has said.
type remembering struct {
	connect.StreamingHandlerConn
	message proto.Message
}

func (r *remembering) Receive(m any) error {
	err := r.StreamingHandlerConn.Receive(m)
	if err == nil && r.message == nil {
		if message, ok := m.(proto.Message); ok {
			r.message = proto.Clone(message)
		}
	}
	return err
}

// internal is an error of the server's own, for its log: the client is only told that
// there is one.
type internal struct {
	answer *connect.Error
	cause  error
}

func (e *internal) Error() string { return e.answer.Error() }
func (e *internal) Unwrap() error { return e.answer }

func (g gate) answer(ctx context.Context, err error, req proto.Message) error {
	var done *connect.Error
	if errors.As(err, &done) {
		return err
	}
	e := wire.ToConnect(err, req)
	if e.Code() == connect.CodeInternal && ctx.Err() != nil {
		return wire.ToConnect(ctx.Err(), req) // the client is gone, and nothing is wrong here
	}
	if e.Code() == connect.CodeInternal {
		return &internal{e, err}
	}
	return e
}

func (s *server) recovered(_ context.Context, spec connect.Spec, _ http.Header, v any) error {
	s.options.logger.Error("a call panicked", "procedure", spec.Procedure, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
	return wire.ToConnect(errors.New("panic"), nil)
}

// caught has the log tell of a panic outside of calls, in which connect catches it.
// The connection, or stream, ends.
func (s *server) caught(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v != http.ErrAbortHandler {
				s.options.logger.Error("a request panicked", "method", r.Method, "path", r.URL.Path, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			}
			panic(http.ErrAbortHandler)
		}()
		next.ServeHTTP(w, r)
	})
}

// observer logs calls.
type observer struct{ *server }

// WrapUnary implements connect.Interceptor.
func (o *observer) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		begun := time.Now()
		res, err := next(ctx, req)
		return res, o.log(ctx, req.Spec().Procedure, begun, err)
	}
}

// WrapStreamingHandler implements connect.Interceptor.
func (o *observer) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		begun := time.Now()
		return o.log(ctx, conn.Spec().Procedure, begun, next(ctx, conn))
	}
}

// WrapStreamingClient implements connect.Interceptor.
func (*observer) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

// log logs a call, and gives back the error that the client is to get.
func (o *observer) log(ctx context.Context, procedure string, begun time.Time, err error) error {
	l := o.options.logger.With("procedure", procedure, "duration", time.Since(begun))
	if owner := callerOf(ctx).owner; owner != "" {
		l = l.With("owner", owner)
	}
	var own *internal
	switch {
	case err == nil:
		l.DebugContext(ctx, "call")
	case errors.As(err, &own):
		l.ErrorContext(ctx, "call failed", "error", own.cause)
		return own.answer
	default:
		l.WarnContext(ctx, "call failed", "code", connect.CodeOf(err), "error", err)
	}
	return err
}

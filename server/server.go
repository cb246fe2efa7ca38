// SPDX-License-Identifier: MIT

package server

import (
	"log/slog"
	"math"
	"net/http"

	"connectrpc.com/connect"
	"connectrpc.com/grpchealth"
	"connectrpc.com/grpcreflect"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/sandboxv1/sandboxv1connect"
)

type server struct {
	svc     sandbox.Service
	options options
	quotas  *quotas
}

// New serves a service. The handler takes Connect, gRPC and gRPC-Web (for which
// the http.Server needs HTTP/2, without TLS too: http.Protocols), JSON over
// plain HTTP beneath /v1/, and GET /healthz. It may be used by many servers at a
// time.
func New(svc sandbox.Service, opts ...Option) (http.Handler, error) {
	s := &server{svc: svc}
	for _, o := range opts {
		o(&s.options)
	}
	if s.options.logger == nil {
		s.options.logger = slog.New(slog.DiscardHandler)
	}
	if s.options.serving == nil {
		s.options.serving = func() bool { return true }
	}
	s.options.limits.setDefaults()
	s.quotas = newQuotas(s.options.limits)
	return s.handler()
}

// handlerOptions are those of all calls.
func (s *server) handlerOptions() []connect.HandlerOption {
	chain := append(append([]connect.Interceptor{}, s.options.interceptors...), &observer{s}, gate{s})
	return []connect.HandlerOption{
		connect.WithInterceptors(chain...),
		connect.WithReadMaxBytes(s.options.limits.MessageBytes),
		connect.WithCompressMinBytes(math.MaxInt), // taken, and not made: it is slower than most networks
		connect.WithRecover(s.recovered),
	}
}

// questionBytes is how large a message may be that nobody is asked for a token for.
const questionBytes = 16 << 10

func (s *server) handler() (http.Handler, error) {
	calls := http.NewServeMux()
	options := s.handlerOptions()
	calls.Handle(sandboxv1connect.NewCodebaseServiceHandler(codebases{s}, options...))
	calls.Handle(sandboxv1connect.NewSandboxServiceHandler(sandboxes{s}, options...))
	asked := []connect.HandlerOption{connect.WithReadMaxBytes(questionBytes), connect.WithCompressMinBytes(math.MaxInt), connect.WithRecover(s.recovered)}
	calls.Handle(grpchealth.NewHandler(health{s}, asked...))
	if s.options.reflection {
		r := grpcreflect.NewStaticReflector(sandboxv1connect.CodebaseServiceName, sandboxv1connect.SandboxServiceName, grpchealth.HealthV1ServiceName)
		calls.Handle(grpcreflect.NewHandlerV1(r, asked...))
		calls.Handle(grpcreflect.NewHandlerV1Alpha(r, asked...))
	}
	all := http.NewServeMux()
	all.Handle("/", calls)
	if err := s.rest(all, calls); err != nil {
		return nil, err
	}
	s.content(all)
	all.HandleFunc("GET /healthz", s.healthz)
	return s.caught(s.authenticate(s.paced(all))), nil
}

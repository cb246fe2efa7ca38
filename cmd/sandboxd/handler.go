// SPDX-License-Identifier: MIT

package main

import (
	"log/slog"
	"net/http"

	"connectrpc.com/connect"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server"
	"github.com/sandbox-rls/sandbox/server/token"
)

// serving is what the handler is made of.
type serving struct {
	settings *settings
	place    place
	tokens   *token.Store // nil: nobody is asked for one
	calls    []connect.Interceptor
	content  func(http.Handler) http.Handler // counts what is no call
	metrics  http.Handler
	drain    *drain
	log      *slog.Logger
}

// handler is what is served on the main address.
func (s *serving) handler(svc sandbox.Service) (http.Handler, error) {
	opts := []server.Option{
		server.WithLogger(s.log), server.WithLimits(s.settings.limits()), server.WithHealth(s.drain.serving),
		server.WithInterceptors(s.calls...),
	}
	if s.tokens != nil {
		opts = append(opts, server.WithAuthenticator(s.tokens))
	}
	if s.settings.reflection {
		opts = append(opts, server.WithReflection())
	}
	h, err := server.New(svc, opts...)
	if err != nil {
		return nil, err
	}
	h = s.content(h)
	if s.settings.metricsListen == "" && s.place.local() {
		mux := http.NewServeMux()
		mux.Handle("/", h)
		mux.Handle("GET /metrics", s.metrics)
		h = mux
	}
	h = s.drain.count(h)
	if s.tokens == nil && s.place.tcp != nil && s.place.local() {
		h = onlyLocalNames(h, s.settings.allowHost)
	}
	return h, nil
}

// SPDX-License-Identifier: MIT

package server

import (
	"context"
	"io"
	"net/http"

	"connectrpc.com/connect"
	"connectrpc.com/grpchealth"

	"github.com/sandbox-rls/sandbox/server/sandboxv1/sandboxv1connect"
)

// health says whether calls are served, without asking for a token.
type health struct{ *server }

func (h health) Check(_ context.Context, r *grpchealth.CheckRequest) (*grpchealth.CheckResponse, error) {
	switch r.Service {
	case "", sandboxv1connect.CodebaseServiceName, sandboxv1connect.SandboxServiceName:
	default:
		return nil, connect.NewError(connect.CodeNotFound, nil)
	}
	status := grpchealth.StatusServing
	if !h.options.serving() {
		status = grpchealth.StatusNotServing
	}
	return &grpchealth.CheckResponse{Status: status}, nil
}

func (s *server) healthz(w http.ResponseWriter, _ *http.Request) {
	if !s.options.serving() {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, "not serving\n")
		return
	}
	_, _ = io.WriteString(w, "serving\n")
}

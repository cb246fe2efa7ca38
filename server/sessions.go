// SPDX-License-Identifier: MIT

package server

import (
	"context"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/internal/wire"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
)

func session(i *sandbox.SessionInfo, err error) (*sandboxv1.Session, error) {
	if err != nil {
		return nil, err
	}
	return wire.SessionTo(i), nil
}

func (s sandboxes) CreateSession(ctx context.Context, r *sandboxv1.CreateSessionRequest) (*sandboxv1.Session, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	return session(svc.CreateSession(ctx, r.GetSandboxId(), sandbox.CreateSessionRequest{Shell: r.GetShell(), Env: r.GetEnv(), Dir: r.GetWorkdir()}))
}

func (s sandboxes) GetSession(ctx context.Context, r *sandboxv1.GetSessionRequest) (*sandboxv1.Session, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	return session(svc.GetSession(ctx, r.GetSessionId()))
}

func (s sandboxes) ListSessions(ctx context.Context, r *sandboxv1.ListSessionsRequest) (*sandboxv1.ListSessionsResponse, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	list, err := svc.ListSessions(ctx, r.GetSandboxId())
	if err != nil {
		return nil, err
	}
	m := &sandboxv1.ListSessionsResponse{}
	for i := range list {
		m.Sessions = append(m.Sessions, wire.SessionTo(&list[i]))
	}
	return m, nil
}

func (s sandboxes) DestroySession(ctx context.Context, r *sandboxv1.DestroySessionRequest) (*sandboxv1.Empty, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	return &sandboxv1.Empty{}, svc.DestroySession(ctx, r.GetSessionId())
}

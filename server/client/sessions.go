// SPDX-License-Identifier: MIT

package client

import (
	"context"
	"iter"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/internal/wire"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
)

// CreateSession opens a session, as SessionService says.
func (c *Client) CreateSession(ctx context.Context, sandboxID string, req sandbox.CreateSessionRequest) (*sandbox.SessionInfo, error) {
	m, err := c.sandboxes.CreateSession(ctx, &sandboxv1.CreateSessionRequest{SandboxId: sandboxID, Shell: req.Shell, Env: req.Env, Workdir: req.Dir})
	if err != nil {
		return nil, wire.FromConnect(ctx, "open session", sandboxID, "", err)
	}
	return wire.SessionFrom(m), nil
}

// GetSession describes a session, as SessionService says.
func (c *Client) GetSession(ctx context.Context, id string) (*sandbox.SessionInfo, error) {
	m, err := c.sandboxes.GetSession(ctx, &sandboxv1.GetSessionRequest{SessionId: id})
	if err != nil {
		return nil, wire.FromConnect(ctx, "get session", id, "", err)
	}
	return wire.SessionFrom(m), nil
}

// ListSessions lists the sessions of a sandbox, as SessionService says.
func (c *Client) ListSessions(ctx context.Context, sandboxID string) ([]sandbox.SessionInfo, error) {
	m, err := c.sandboxes.ListSessions(ctx, &sandboxv1.ListSessionsRequest{SandboxId: sandboxID})
	if err != nil {
		return nil, wire.FromConnect(ctx, "list sessions", sandboxID, "", err)
	}
	var list []sandbox.SessionInfo
	for _, s := range m.GetSessions() {
		list = append(list, *wire.SessionFrom(s))
	}
	return list, nil
}

// DestroySession ends a session, as SessionService says.
func (c *Client) DestroySession(ctx context.Context, id string) error {
	_, err := c.sandboxes.DestroySession(ctx, &sandboxv1.DestroySessionRequest{SessionId: id})
	return wire.FromConnect(ctx, "close session", id, "", err)
}

func sessionExec(id string, req *sandbox.SessionExecRequest) *sandboxv1.SessionExecRequest {
	m := &sandboxv1.SessionExecRequest{SessionId: id, Command: req.Command, FullResult: true}
	if req.Timeout != 0 {
		m.Timeout = durationpb.New(req.Timeout)
	}
	return m
}

// SessionExec runs a command in a session, as SessionService says.
func (c *Client) SessionExec(ctx context.Context, id string, req sandbox.SessionExecRequest) (*sandbox.ExecResult, error) {
	m, err := c.sandboxes.SessionExec(ctx, sessionExec(id, &req))
	return result(ctx, id, m, err)
}

// SessionExecStream runs a command in a session and yields what it prints, as
// SessionService says.
func (c *Client) SessionExecStream(ctx context.Context, id string, req sandbox.SessionExecRequest) iter.Seq2[sandbox.ExecOutput, error] {
	return outputs(ctx, id, func(ctx context.Context) (*connect.ServerStreamForClient[sandboxv1.ExecOutput], error) {
		return c.sandboxes.SessionExecStream(ctx, sessionExec(id, &req))
	})
}

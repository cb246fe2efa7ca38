// SPDX-License-Identifier: MIT

package client

import (
	"context"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/internal/wire"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
)

func described(ctx context.Context, op, id string, m *sandboxv1.Sandbox, err error) (*sandbox.Info, error) {
	if err != nil {
		return nil, wire.FromConnect(ctx, op, id, "", err)
	}
	info, err := wire.SandboxFrom(m)
	if err != nil {
		return nil, &sandbox.Error{Op: op, ID: id, Err: err}
	}
	return info, nil
}

// CreateSandbox makes a sandbox, as SandboxService says. A Live one is
// ErrUnsupported: the directories of this machine are not the server's.
func (c *Client) CreateSandbox(ctx context.Context, req sandbox.CreateSandboxRequest) (*sandbox.Info, error) {
	if req.Live {
		return nil, &sandbox.Error{Op: "create", ID: req.CodebaseID, Err: unsupported("a live directory needs a service on this machine")}
	}
	m, err := c.sandboxes.CreateSandbox(ctx, wire.CreateTo(&req))
	return described(ctx, "create", req.CodebaseID, m, err)
}

// GetSandbox describes a sandbox, as SandboxService says.
func (c *Client) GetSandbox(ctx context.Context, id string) (*sandbox.Info, error) {
	m, err := c.sandboxes.GetSandbox(ctx, &sandboxv1.GetSandboxRequest{SandboxId: id})
	return described(ctx, "get", id, m, err)
}

// ListSandboxes lists sandboxes, as SandboxService says.
func (c *Client) ListSandboxes(ctx context.Context, req sandbox.ListSandboxesRequest) (*sandbox.SandboxPage, error) {
	m, err := c.sandboxes.ListSandboxes(ctx, &sandboxv1.ListSandboxesRequest{
		CodebaseId: req.CodebaseID, OwnerId: req.OwnerID, Labels: req.Labels, PageSize: size(req.PageSize), PageToken: req.PageToken,
	})
	if err != nil {
		return nil, wire.FromConnect(ctx, "list sandboxes", req.CodebaseID, "", err)
	}
	page := &sandbox.SandboxPage{NextPageToken: m.GetNextPageToken()}
	for _, s := range m.GetSandboxes() {
		info, err := wire.SandboxFrom(s)
		if err != nil {
			return nil, &sandbox.Error{Op: "list sandboxes", Err: err}
		}
		page.Sandboxes = append(page.Sandboxes, *info)
	}
	return page, nil
}

// size is that of a page as the protocol has it.
func size(n int) int32 { return int32(max(-1, min(n, sandbox.MaxPageSize))) }

// StartSandbox starts a sandbox, as SandboxService says.
func (c *Client) StartSandbox(ctx context.Context, id string) (*sandbox.Info, error) {
	m, err := c.sandboxes.StartSandbox(ctx, &sandboxv1.StartSandboxRequest{SandboxId: id})
	return described(ctx, "start", id, m, err)
}

// StopSandbox stops a sandbox, as SandboxService says.
func (c *Client) StopSandbox(ctx context.Context, id string) (*sandbox.Info, error) {
	m, err := c.sandboxes.StopSandbox(ctx, &sandboxv1.StopSandboxRequest{SandboxId: id})
	return described(ctx, "stop", id, m, err)
}

// DestroySandbox removes a sandbox, as SandboxService says.
func (c *Client) DestroySandbox(ctx context.Context, id string) error {
	_, err := c.sandboxes.DestroySandbox(ctx, &sandboxv1.DestroySandboxRequest{SandboxId: id})
	return wire.FromConnect(ctx, "destroy", id, "", err)
}

// UpdateResources replaces the limits of a sandbox, as SandboxService says.
func (c *Client) UpdateResources(ctx context.Context, id string, limits sandbox.ResourceLimits) error {
	_, err := c.sandboxes.UpdateResources(ctx, &sandboxv1.UpdateResourcesRequest{SandboxId: id, Resources: wire.LimitsTo(limits)})
	return wire.FromConnect(ctx, "update", id, "", err)
}

// Usage returns what a sandbox uses, as SandboxService says.
func (c *Client) Usage(ctx context.Context, id string) (*sandbox.Usage, error) {
	m, err := c.sandboxes.GetUsage(ctx, &sandboxv1.GetUsageRequest{SandboxId: id})
	if err != nil {
		return nil, wire.FromConnect(ctx, "usage", id, "", err)
	}
	return wire.UsageFrom(m), nil
}

// SPDX-License-Identifier: MIT

package server

import (
	"context"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/internal/wire"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
	"github.com/sandbox-rls/sandbox/server/sandboxv1/sandboxv1connect"
)

// sandboxes are the calls of SandboxService.
type sandboxes struct{ *server }

var _ sandboxv1connect.SandboxServiceHandler = sandboxes{}

func described(i *sandbox.Info, err error) (*sandboxv1.Sandbox, error) {
	if err != nil {
		return nil, err
	}
	return wire.SandboxTo(i), nil
}

func (s sandboxes) CreateSandbox(ctx context.Context, r *sandboxv1.CreateSandboxRequest) (*sandboxv1.Sandbox, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	req, err := wire.CreateFrom(r)
	if err != nil {
		return nil, err
	}
	return described(svc.CreateSandbox(ctx, req))
}

func (s sandboxes) GetSandbox(ctx context.Context, r *sandboxv1.GetSandboxRequest) (*sandboxv1.Sandbox, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	return described(svc.GetSandbox(ctx, r.GetSandboxId()))
}

func (s sandboxes) ListSandboxes(ctx context.Context, r *sandboxv1.ListSandboxesRequest) (*sandboxv1.ListSandboxesResponse, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	page, err := svc.ListSandboxes(ctx, sandbox.ListSandboxesRequest{
		CodebaseID: r.GetCodebaseId(), OwnerID: r.GetOwnerId(), Labels: r.GetLabels(), PageSize: int(r.GetPageSize()), PageToken: r.GetPageToken(),
	})
	if err != nil {
		return nil, err
	}
	m := &sandboxv1.ListSandboxesResponse{NextPageToken: page.NextPageToken}
	for i := range page.Sandboxes {
		m.Sandboxes = append(m.Sandboxes, wire.SandboxTo(&page.Sandboxes[i]))
	}
	return m, nil
}

func (s sandboxes) StartSandbox(ctx context.Context, r *sandboxv1.StartSandboxRequest) (*sandboxv1.Sandbox, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	return described(svc.StartSandbox(ctx, r.GetSandboxId()))
}

func (s sandboxes) StopSandbox(ctx context.Context, r *sandboxv1.StopSandboxRequest) (*sandboxv1.Sandbox, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	return described(svc.StopSandbox(ctx, r.GetSandboxId()))
}

func (s sandboxes) DestroySandbox(ctx context.Context, r *sandboxv1.DestroySandboxRequest) (*sandboxv1.Empty, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	return &sandboxv1.Empty{}, svc.DestroySandbox(ctx, r.GetSandboxId())
}

func (s sandboxes) UpdateResources(ctx context.Context, r *sandboxv1.UpdateResourcesRequest) (*sandboxv1.Empty, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	return &sandboxv1.Empty{}, svc.UpdateResources(ctx, r.GetSandboxId(), wire.LimitsFrom(r.GetResources()))
}

func (s sandboxes) GetUsage(ctx context.Context, r *sandboxv1.GetUsageRequest) (*sandboxv1.Usage, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	u, err := svc.Usage(ctx, r.GetSandboxId())
	if err != nil {
		return nil, err
	}
	return wire.UsageTo(u), nil
}

func (s sandboxes) ListPresets(context.Context, *sandboxv1.ListPresetsRequest) (*sandboxv1.ListPresetsResponse, error) {
	m := &sandboxv1.ListPresetsResponse{}
	for _, name := range sandbox.ListPresets() {
		rules, err := sandbox.GetPreset(name)
		if err != nil {
			return nil, err
		}
		m.Presets = append(m.Presets, &sandboxv1.Preset{Name: name, Permissions: wire.RulesTo(rules)})
	}
	return m, nil
}

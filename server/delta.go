// SPDX-License-Identifier: MIT

package server

import (
	"context"
	"errors"
	"io"

	"connectrpc.com/connect"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/internal/wire"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
)

func (s sandboxes) ListChanges(ctx context.Context, r *sandboxv1.ListChangesRequest) (*sandboxv1.ListChangesResponse, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	changes, err := svc.Changes(ctx, r.GetSandboxId())
	if err != nil {
		return nil, err
	}
	return &sandboxv1.ListChangesResponse{Changes: wire.ChangesTo(changes)}, nil
}

func (s sandboxes) GetDiff(ctx context.Context, r *sandboxv1.GetDiffRequest, stream *connect.ServerStream[sandboxv1.FileChunk]) error {
	svc, err := s.service(ctx)
	if err != nil {
		return err
	}
	opts := sandbox.DiffOptions{Paths: r.GetPaths(), Context: int(r.GetContext()), MaxFileSize: r.GetMaxFileSize()}
	return buffered(chunks{stream}, func(w io.Writer) error { return svc.Diff(ctx, r.GetSandboxId(), w, opts) })
}

func (s sandboxes) Commit(ctx context.Context, r *sandboxv1.CommitRequest) (*sandboxv1.CommitResponse, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	report, err := svc.Commit(ctx, r.GetSandboxId(), sandbox.CommitOptions{
		Paths: r.GetPaths(), DryRun: r.GetDryRun(), Partial: r.GetPartial(), Overwrite: r.GetOverwrite(),
		Expect: wire.ExpectFrom(r.GetExpect()),
	})
	conflict := report != nil && errors.Is(err, sandbox.ErrConflict)
	if err != nil && !conflict {
		return nil, err
	}
	return &sandboxv1.CommitResponse{Report: wire.ReportTo(report), Conflict: conflict}, nil
}

func (s sandboxes) Discard(ctx context.Context, r *sandboxv1.DiscardRequest) (*sandboxv1.Empty, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	return &sandboxv1.Empty{}, svc.Discard(ctx, r.GetSandboxId())
}

func (s sandboxes) Fork(ctx context.Context, r *sandboxv1.ForkRequest) (*sandboxv1.Sandbox, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	req, err := wire.ForkFrom(r)
	if err != nil {
		return nil, err
	}
	return described(svc.Fork(ctx, r.GetSandboxId(), req))
}

func (s sandboxes) CreateCheckpoint(ctx context.Context, r *sandboxv1.CreateCheckpointRequest) (*sandboxv1.Checkpoint, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	c, err := svc.CreateCheckpoint(ctx, r.GetSandboxId(), r.GetName())
	if err != nil {
		return nil, err
	}
	return wire.CheckpointTo(c), nil
}

func (s sandboxes) ListCheckpoints(ctx context.Context, r *sandboxv1.ListCheckpointsRequest) (*sandboxv1.ListCheckpointsResponse, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	list, err := svc.ListCheckpoints(ctx, r.GetSandboxId())
	if err != nil {
		return nil, err
	}
	m := &sandboxv1.ListCheckpointsResponse{}
	for i := range list {
		m.Checkpoints = append(m.Checkpoints, wire.CheckpointTo(&list[i]))
	}
	return m, nil
}

func (s sandboxes) Restore(ctx context.Context, r *sandboxv1.RestoreRequest) (*sandboxv1.Empty, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	return &sandboxv1.Empty{}, svc.Restore(ctx, r.GetSandboxId(), r.GetCheckpointId())
}

func (s sandboxes) DeleteCheckpoint(ctx context.Context, r *sandboxv1.DeleteCheckpointRequest) (*sandboxv1.Empty, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	return &sandboxv1.Empty{}, svc.DeleteCheckpoint(ctx, r.GetSandboxId(), r.GetCheckpointId())
}

// SPDX-License-Identifier: MIT

package client

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/internal/wire"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
)

// Changes lists what a sandbox changed, as DeltaService says.
func (c *Client) Changes(ctx context.Context, sandboxID string) ([]sandbox.Change, error) {
	m, err := c.sandboxes.ListChanges(ctx, &sandboxv1.ListChangesRequest{SandboxId: sandboxID})
	if err != nil {
		return nil, wire.FromConnect(ctx, "changes", sandboxID, "", err)
	}
	return wire.ChangesFrom(m.GetChanges()), nil
}

// Diff writes what a sandbox changed as a patch, as DeltaService says.
func (c *Client) Diff(ctx context.Context, sandboxID string, w io.Writer, opts sandbox.DiffOptions) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.sandboxes.GetDiff(ctx, &sandboxv1.GetDiffRequest{
		SandboxId: sandboxID, Paths: opts.Paths, Context: int32(max(math.MinInt32, min(opts.Context, math.MaxInt32))), MaxFileSize: opts.MaxFileSize,
	})
	if err != nil {
		return wire.FromConnect(ctx, "diff", sandboxID, "", err)
	}
	return copyTo(ctx, w, stream, "diff", sandboxID, "")
}

// Commit carries changes over to the codebase, as DeltaService says. Another
// directory is ErrUnsupported: those of this machine are not the server's.
func (c *Client) Commit(ctx context.Context, sandboxID string, opts sandbox.CommitOptions) (*sandbox.CommitReport, error) {
	if opts.Dir != "" {
		return nil, &sandbox.Error{Op: "commit", ID: sandboxID, Path: opts.Dir, Err: unsupported("committing to a directory needs a service on this machine")}
	}
	m, err := c.sandboxes.Commit(ctx, &sandboxv1.CommitRequest{
		SandboxId: sandboxID, Paths: opts.Paths, DryRun: opts.DryRun, Partial: opts.Partial, Overwrite: opts.Overwrite,
		Expect: wire.ExpectTo(opts.Expect),
	})
	if err != nil {
		return nil, wire.FromConnect(ctx, "commit", sandboxID, "", err)
	}
	report := wire.ReportFrom(m.GetReport())
	if m.GetConflict() {
		return report, &sandbox.Error{Op: "commit", ID: sandboxID, Err: fmt.Errorf("%w: look at the report, and ask for Partial or Overwrite", sandbox.ErrConflict)}
	}
	return report, nil
}

// Discard drops what a sandbox changed, as DeltaService says.
func (c *Client) Discard(ctx context.Context, sandboxID string) error {
	_, err := c.sandboxes.Discard(ctx, &sandboxv1.DiscardRequest{SandboxId: sandboxID})
	return wire.FromConnect(ctx, "discard", sandboxID, "", err)
}

// Fork makes another sandbox from the state of one, as DeltaService says.
func (c *Client) Fork(ctx context.Context, sandboxID string, req sandbox.ForkRequest) (*sandbox.Info, error) {
	m, err := c.sandboxes.Fork(ctx, wire.ForkTo(sandboxID, &req))
	return described(ctx, "fork", sandboxID, m, err)
}

// CreateCheckpoint keeps the state of a sandbox, as DeltaService says.
func (c *Client) CreateCheckpoint(ctx context.Context, sandboxID, name string) (*sandbox.Checkpoint, error) {
	m, err := c.sandboxes.CreateCheckpoint(ctx, &sandboxv1.CreateCheckpointRequest{SandboxId: sandboxID, Name: name})
	if err != nil {
		return nil, wire.FromConnect(ctx, "checkpoint", sandboxID, "", err)
	}
	return wire.CheckpointFrom(m), nil
}

// ListCheckpoints lists checkpoints, as DeltaService says.
func (c *Client) ListCheckpoints(ctx context.Context, sandboxID string) ([]sandbox.Checkpoint, error) {
	m, err := c.sandboxes.ListCheckpoints(ctx, &sandboxv1.ListCheckpointsRequest{SandboxId: sandboxID})
	if err != nil {
		return nil, wire.FromConnect(ctx, "list checkpoints", sandboxID, "", err)
	}
	var list []sandbox.Checkpoint
	for _, x := range m.GetCheckpoints() {
		list = append(list, *wire.CheckpointFrom(x))
	}
	return list, nil
}

// Restore puts a sandbox back to a checkpoint, as DeltaService says.
func (c *Client) Restore(ctx context.Context, sandboxID, checkpointID string) error {
	_, err := c.sandboxes.Restore(ctx, &sandboxv1.RestoreRequest{SandboxId: sandboxID, CheckpointId: checkpointID})
	return wire.FromConnect(ctx, "restore", sandboxID, "", err)
}

// DeleteCheckpoint drops a checkpoint, as DeltaService says.
func (c *Client) DeleteCheckpoint(ctx context.Context, sandboxID, checkpointID string) error {
	_, err := c.sandboxes.DeleteCheckpoint(ctx, &sandboxv1.DeleteCheckpointRequest{SandboxId: sandboxID, CheckpointId: checkpointID})
	return wire.FromConnect(ctx, "delete checkpoint", sandboxID, "", err)
}

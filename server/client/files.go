// SPDX-License-Identifier: MIT

package client

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/internal/wire"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
)

// ReadFile reads a file of a workspace, as FileService says.
func (c *Client) ReadFile(ctx context.Context, sandboxID, path string) ([]byte, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.sandboxes.ReadFile(ctx, &sandboxv1.ReadFileRequest{SandboxId: sandboxID, Path: path})
	if err != nil {
		return nil, wire.FromConnect(ctx, "read", sandboxID, path, err)
	}
	data := bytes.NewBuffer([]byte{})
	if err := copyTo(ctx, data, stream, "read", sandboxID, path); err != nil {
		return nil, err
	}
	return data.Bytes(), nil
}

// WriteFile writes a file of a workspace, as FileService says.
func (c *Client) WriteFile(ctx context.Context, sandboxID, path string, data []byte) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.sandboxes.WriteFile(ctx)
	if err == nil {
		err = stream.Send(&sandboxv1.WriteFileRequest{SandboxId: sandboxID, Path: path})
	}
	if err == nil {
		err = pieces(bytes.NewReader(data), func(part []byte) error { return stream.Send(&sandboxv1.WriteFileRequest{Data: part}) })
	}
	if err == nil || errors.Is(err, io.EOF) {
		_, err = stream.CloseAndReceive()
	}
	return wire.FromConnect(ctx, "write", sandboxID, path, err)
}

// ListWorkspace lists a directory of a workspace, as FileService says.
func (c *Client) ListWorkspace(ctx context.Context, sandboxID, path string, recursive bool) ([]sandbox.FileInfo, error) {
	m, err := c.sandboxes.ListWorkspace(ctx, &sandboxv1.ListWorkspaceRequest{SandboxId: sandboxID, Path: path, Recursive: recursive})
	if err != nil {
		return nil, wire.FromConnect(ctx, "list", sandboxID, path, err)
	}
	return wire.FilesFrom(m.GetFiles()), nil
}

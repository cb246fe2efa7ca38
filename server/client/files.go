// SPDX-License-Identifier: MIT

package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"

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
	data := held{bytes: []byte{}, most: sandbox.MaxReadFile}
	if err := copyTo(ctx, &data, stream, "read", sandboxID, path); errors.Is(err, syscall.EFBIG) {
		return nil, &sandbox.Error{Op: "read", ID: sandboxID, Path: path, Err: err}
	} else if err != nil {
		return nil, err
	}
	return data.bytes, nil
}

// held is what was written to it, of which there can be so much.
type held struct {
	bytes []byte
	most  int
}

func (h *held) Write(p []byte) (int, error) {
	if len(p) > h.most-len(h.bytes) {
		return 0, fmt.Errorf("%w: it has more than %d bytes", syscall.EFBIG, h.most)
	}
	h.bytes = append(h.bytes, p...)
	return len(p), nil
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

// SPDX-License-Identifier: MIT

package server

import (
	"bytes"
	"context"
	"errors"
	"io"

	"connectrpc.com/connect"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/internal/wire"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
)

func (s sandboxes) ReadFile(ctx context.Context, r *sandboxv1.ReadFileRequest, stream *connect.ServerStream[sandboxv1.FileChunk]) error {
	svc, err := s.service(ctx)
	if err != nil {
		return err
	}
	body, err := svc.open(ctx, r.GetSandboxId(), r.GetPath())
	if err != nil {
		return err
	}
	defer body.Close()
	return sendAll(stream, body)
}

// open opens a file of a workspace. A service that can only read it whole does.
func (l *limited) open(ctx context.Context, id, path string) (io.ReadCloser, error) {
	if opener, ok := l.Service.(sandbox.FileOpener); ok {
		f, err := opener.OpenFile(ctx, id, path)
		if !errors.Is(err, sandbox.ErrUnsupported) {
			return f, err
		}
	}
	data, err := l.Service.ReadFile(ctx, id, path)
	return io.NopCloser(bytes.NewReader(data)), err
}

func (s sandboxes) WriteFile(ctx context.Context, stream *connect.ClientStream[sandboxv1.WriteFileRequest]) (*sandboxv1.Empty, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	if !stream.Receive() {
		return nil, or(stream.Err(), invalidf("the first message names the sandbox and the path"))
	}
	id, path := stream.Msg().GetSandboxId(), stream.Msg().GetPath()
	body := &streamReader[sandboxv1.WriteFileRequest]{
		stream: stream, rest: stream.Msg().GetData(),
		data: func(m *sandboxv1.WriteFileRequest) ([]byte, error) {
			if m.GetSandboxId() != "" && m.GetSandboxId() != id || m.GetPath() != "" && m.GetPath() != path {
				return nil, invalidf("messages of one file name two")
			}
			return m.GetData(), nil
		},
	}
	data, err := io.ReadAll(atMost(body, s.writeLimit()))
	if err != nil {
		return nil, err
	}
	return &sandboxv1.Empty{}, svc.WriteFile(ctx, id, path, data)
}

// writeLimit bounds a file that is held in memory.
func (s *server) writeLimit() int64 {
	const most = 64 << 20
	if n := s.options.limits.UploadBytes; n > 0 {
		return min(n, most)
	}
	return most
}

func (s sandboxes) ListWorkspace(ctx context.Context, r *sandboxv1.ListWorkspaceRequest) (*sandboxv1.ListFilesResponse, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	files, err := svc.ListWorkspace(ctx, r.GetSandboxId(), r.GetPath(), r.GetRecursive())
	if err != nil {
		return nil, err
	}
	return &sandboxv1.ListFilesResponse{Files: wire.FilesTo(files)}, nil
}

func (s sandboxes) Explain(ctx context.Context, r *sandboxv1.ExplainRequest) (*sandboxv1.ExplainResponse, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	sb, err := sandbox.Connect(ctx, r.GetSandboxId(), sandbox.WithService(svc))
	if err != nil {
		return nil, err
	}
	d := sb.Explain(r.GetPath())
	return wire.DecisionTo(&d), nil
}

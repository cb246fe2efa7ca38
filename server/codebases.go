// SPDX-License-Identifier: MIT

package server

import (
	"context"
	"fmt"
	"io"

	"connectrpc.com/connect"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/internal/wire"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
	"github.com/sandbox-rls/sandbox/server/sandboxv1/sandboxv1connect"
)

// codebases are the calls of CodebaseService.
type codebases struct{ *server }

var _ sandboxv1connect.CodebaseServiceHandler = codebases{}

// chunkSize is how much of a file goes into one message.
const chunkSize = 256 << 10

func invalidf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", sandbox.ErrInvalid, fmt.Sprintf(format, args...))
}

func (s codebases) CreateCodebase(ctx context.Context, r *sandboxv1.CreateCodebaseRequest) (*sandboxv1.Codebase, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	return codebase(svc.CreateCodebase(ctx, sandbox.CreateCodebaseRequest{Name: r.GetName(), OwnerID: r.GetOwnerId()}))
}

func codebase(c *sandbox.Codebase, err error) (*sandboxv1.Codebase, error) {
	if err != nil {
		return nil, err
	}
	return wire.CodebaseTo(c), nil
}

func (s codebases) GetCodebase(ctx context.Context, r *sandboxv1.GetCodebaseRequest) (*sandboxv1.Codebase, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	return codebase(svc.GetCodebase(ctx, r.GetCodebaseId()))
}

func (s codebases) ListCodebases(ctx context.Context, r *sandboxv1.ListCodebasesRequest) (*sandboxv1.ListCodebasesResponse, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	page, err := svc.ListCodebases(ctx, sandbox.ListCodebasesRequest{OwnerID: r.GetOwnerId(), PageSize: int(r.GetPageSize()), PageToken: r.GetPageToken()})
	if err != nil {
		return nil, err
	}
	m := &sandboxv1.ListCodebasesResponse{NextPageToken: page.NextPageToken}
	for i := range page.Codebases {
		m.Codebases = append(m.Codebases, wire.CodebaseTo(&page.Codebases[i]))
	}
	return m, nil
}

func (s codebases) DeleteCodebase(ctx context.Context, r *sandboxv1.DeleteCodebaseRequest) (*sandboxv1.Empty, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	return &sandboxv1.Empty{}, svc.DeleteCodebase(ctx, r.GetCodebaseId())
}

func (s codebases) UploadFiles(ctx context.Context, stream *connect.ClientStream[sandboxv1.UploadChunk]) (*sandboxv1.UploadResult, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	if !stream.Receive() {
		return nil, or(stream.Err(), invalidf("an upload begins with the metadata"))
	}
	meta := stream.Msg().GetMetadata()
	if meta == nil {
		return nil, invalidf("an upload begins with the metadata")
	}
	mtime, err := wire.TimeFrom(meta.GetModifiedAt())
	if err != nil {
		return nil, err
	}
	if meta.GetTotalSize() < 0 {
		return nil, invalidf("a file of %d bytes", meta.GetTotalSize())
	}
	id, path := meta.GetCodebaseId(), meta.GetFilePath()
	body := &streamReader[sandboxv1.UploadChunk]{stream: stream, data: func(m *sandboxv1.UploadChunk) ([]byte, error) {
		if m.GetMetadata() != nil {
			return nil, invalidf("the metadata comes once")
		}
		return m.GetData(), nil
	}}
	result, err := svc.UploadFile(ctx, id, path, body, sandbox.UploadOptions{Mode: meta.GetMode(), ModTime: mtime, Size: meta.GetTotalSize()})
	if err != nil {
		return nil, err
	}
	return &sandboxv1.UploadResult{CodebaseId: result.CodebaseID, FilePath: wire.TextTo(wire.PathTo(result.Path)), Size: result.Size, Checksum: result.Checksum}, nil
}

// or is the first error, if there is one.
func or(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// streamReader reads what the messages of a stream hold.
type streamReader[M any] struct {
	stream *connect.ClientStream[M]
	data   func(*M) ([]byte, error)
	rest   []byte
}

func (r *streamReader[M]) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if !r.stream.Receive() {
			return 0, or(r.stream.Err(), io.EOF)
		}
		var err error
		if r.rest, err = r.data(r.stream.Msg()); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func (s codebases) DownloadFile(ctx context.Context, r *sandboxv1.DownloadFileRequest, stream *connect.ServerStream[sandboxv1.FileChunk]) error {
	svc, err := s.service(ctx)
	if err != nil {
		return err
	}
	body, err := svc.DownloadFile(ctx, r.GetCodebaseId(), r.GetFilePath())
	if err != nil {
		return err
	}
	defer body.Close()
	return sendAll(stream, body)
}

// sendAll sends what a reader has.
func sendAll(stream *connect.ServerStream[sandboxv1.FileChunk], body io.Reader) error {
	_, err := io.CopyBuffer(chunks{stream}, struct{ io.Reader }{body}, make([]byte, chunkSize))
	return err
}

// chunks sends what is written in messages.
type chunks struct {
	stream *connect.ServerStream[sandboxv1.FileChunk]
}

func (c chunks) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		part := p[:min(len(p), chunkSize)]
		if err := c.stream.Send(&sandboxv1.FileChunk{Data: part}); err != nil {
			return n, err
		}
		n, p = n+len(part), p[len(part):]
	}
	return n, nil
}

func (s codebases) ListFiles(ctx context.Context, r *sandboxv1.ListFilesRequest) (*sandboxv1.ListFilesResponse, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	files, err := svc.ListFiles(ctx, r.GetCodebaseId(), r.GetPath(), r.GetRecursive())
	if err != nil {
		return nil, err
	}
	return &sandboxv1.ListFilesResponse{Files: wire.FilesTo(files)}, nil
}

func (s codebases) UploadArchive(ctx context.Context, stream *connect.ClientStream[sandboxv1.UploadArchiveRequest]) (*sandboxv1.Codebase, error) {
	svc, err := s.service(ctx)
	if err != nil {
		return nil, err
	}
	if !stream.Receive() {
		return nil, or(stream.Err(), invalidf("the first message names the codebase"))
	}
	id := stream.Msg().GetCodebaseId()
	body := &streamReader[sandboxv1.UploadArchiveRequest]{
		stream: stream, rest: stream.Msg().GetData(),
		data: func(m *sandboxv1.UploadArchiveRequest) ([]byte, error) {
			if m.GetCodebaseId() != "" && m.GetCodebaseId() != id {
				return nil, invalidf("messages of one upload name two codebases")
			}
			return m.GetData(), nil
		},
	}
	return codebase(svc.ImportTar(ctx, id, body))
}

func (s codebases) DownloadArchive(ctx context.Context, r *sandboxv1.DownloadArchiveRequest, stream *connect.ServerStream[sandboxv1.FileChunk]) error {
	svc, err := s.service(ctx)
	if err != nil {
		return err
	}
	return buffered(chunks{stream}, func(w io.Writer) error { return svc.ExportTar(ctx, r.GetCodebaseId(), w) })
}

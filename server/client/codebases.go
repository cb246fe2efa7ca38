// SPDX-License-Identifier: MIT

package client

import (
	"context"
	"errors"
	"io"

	"connectrpc.com/connect"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/internal/wire"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
)

func codebase(ctx context.Context, op, id string, m *sandboxv1.Codebase, err error) (*sandbox.Codebase, error) {
	if err != nil {
		return nil, wire.FromConnect(ctx, op, id, "", err)
	}
	return wire.CodebaseFrom(m), nil
}

// CreateCodebase makes an empty codebase, as CodebaseService says.
func (c *Client) CreateCodebase(ctx context.Context, req sandbox.CreateCodebaseRequest) (*sandbox.Codebase, error) {
	m, err := c.codebases.CreateCodebase(ctx, &sandboxv1.CreateCodebaseRequest{Name: req.Name, OwnerId: req.OwnerID})
	return codebase(ctx, "create codebase", "", m, err)
}

// GetCodebase describes a codebase, as CodebaseService says.
func (c *Client) GetCodebase(ctx context.Context, id string) (*sandbox.Codebase, error) {
	m, err := c.codebases.GetCodebase(ctx, &sandboxv1.GetCodebaseRequest{CodebaseId: id})
	return codebase(ctx, "get codebase", id, m, err)
}

// ListCodebases lists codebases, as CodebaseService says.
func (c *Client) ListCodebases(ctx context.Context, req sandbox.ListCodebasesRequest) (*sandbox.CodebasePage, error) {
	m, err := c.codebases.ListCodebases(ctx, &sandboxv1.ListCodebasesRequest{OwnerId: req.OwnerID, PageSize: size(req.PageSize), PageToken: req.PageToken})
	if err != nil {
		return nil, wire.FromConnect(ctx, "list codebases", "", "", err)
	}
	page := &sandbox.CodebasePage{NextPageToken: m.GetNextPageToken()}
	for _, x := range m.GetCodebases() {
		page.Codebases = append(page.Codebases, *wire.CodebaseFrom(x))
	}
	return page, nil
}

// DeleteCodebase forgets a codebase, as CodebaseService says.
func (c *Client) DeleteCodebase(ctx context.Context, id string) error {
	_, err := c.codebases.DeleteCodebase(ctx, &sandboxv1.DeleteCodebaseRequest{CodebaseId: id})
	return wire.FromConnect(ctx, "delete codebase", id, "", err)
}

// ImportTar adds a tar stream to a codebase, as CodebaseService says.
func (c *Client) ImportTar(ctx context.Context, id string, r io.Reader) (*sandbox.Codebase, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.codebases.UploadArchive(ctx)
	if err == nil {
		err = stream.Send(&sandboxv1.UploadArchiveRequest{CodebaseId: id})
	}
	if err == nil {
		err = pieces(r, func(data []byte) error { return stream.Send(&sandboxv1.UploadArchiveRequest{Data: data}) })
	}
	var own readError
	switch {
	case errors.As(err, &own):
		return nil, &sandbox.Error{Op: "import", ID: id, Err: own.error}
	case err != nil && !errors.Is(err, io.EOF): // the answer says why, then
		return codebase(ctx, "import", id, nil, err)
	}
	m, err := stream.CloseAndReceive()
	return codebase(ctx, "import", id, m, err)
}

// readError is one of the caller's reader.
type readError struct{ error }

func (e readError) Unwrap() error { return e.error }

// pieces sends what a reader has.
func pieces(r io.Reader, send func([]byte) error) error {
	buf := make([]byte, chunkSize)
	for {
		n, err := io.ReadFull(r, buf)
		if n > 0 {
			if err := send(buf[:n]); err != nil {
				return err
			}
		}
		switch {
		case err == io.EOF, err == io.ErrUnexpectedEOF:
			return nil
		case err != nil:
			return readError{err}
		}
	}
}

// ExportTar writes a codebase as a tar stream, as CodebaseService says.
func (c *Client) ExportTar(ctx context.Context, id string, w io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.codebases.DownloadArchive(ctx, &sandboxv1.DownloadArchiveRequest{CodebaseId: id})
	if err != nil {
		return wire.FromConnect(ctx, "export", id, "", err)
	}
	return copyTo(ctx, w, stream, "export", id, "")
}

// copyTo writes what a stream brings.
func copyTo(ctx context.Context, w io.Writer, stream *connect.ServerStreamForClient[sandboxv1.FileChunk], op, id, path string) error {
	_, err := io.Copy(w, &download{ctx: ctx, stream: stream, op: op, id: id, path: path})
	return err
}

// UploadFile writes a file of a codebase, as CodebaseService says.
func (c *Client) UploadFile(ctx context.Context, id, path string, r io.Reader, opts sandbox.UploadOptions) (*sandbox.UploadResult, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	fail := func(err error) (*sandbox.UploadResult, error) {
		var own readError
		if errors.As(err, &own) {
			return nil, &sandbox.Error{Op: "upload", ID: id, Path: path, Err: own.error}
		}
		return nil, wire.FromConnect(ctx, "upload", id, path, err)
	}
	stream, err := c.codebases.UploadFiles(ctx)
	if err == nil {
		err = stream.Send(&sandboxv1.UploadChunk{Content: &sandboxv1.UploadChunk_Metadata_{Metadata: &sandboxv1.UploadChunk_Metadata{
			CodebaseId: id, FilePath: path, TotalSize: opts.Size, Mode: opts.Mode, ModifiedAt: wire.TimeTo(opts.ModTime),
		}}})
	}
	if err == nil {
		err = pieces(r, func(data []byte) error {
			return stream.Send(&sandboxv1.UploadChunk{Content: &sandboxv1.UploadChunk_Data{Data: data}})
		})
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return fail(err)
	}
	m, err := stream.CloseAndReceive()
	if err != nil {
		return fail(err)
	}
	return &sandbox.UploadResult{CodebaseID: m.GetCodebaseId(), Path: wire.PathFrom(m.GetFilePath(), nil), Size: m.GetSize(), Checksum: m.GetChecksum()}, nil
}

// DownloadFile returns a file of a codebase, as CodebaseService says.
func (c *Client) DownloadFile(ctx context.Context, id, path string) (io.ReadCloser, error) {
	inner, cancel := context.WithCancel(ctx)
	stream, err := c.codebases.DownloadFile(inner, &sandboxv1.DownloadFileRequest{CodebaseId: id, FilePath: path})
	if err != nil {
		cancel()
		return nil, wire.FromConnect(ctx, "download", id, path, err)
	}
	d := &download{ctx: ctx, stream: stream, op: "download", id: id, path: path, cancel: cancel}
	if err := d.fill(); err != nil && err != io.EOF { // that there is no such file is said at once
		d.Close()
		return nil, err
	}
	return d, nil
}

// download reads what a stream brings.
type download struct {
	ctx          context.Context
	stream       *connect.ServerStreamForClient[sandboxv1.FileChunk]
	op, id, path string
	cancel       func()
	rest         []byte
	err          error
}

func (d *download) fill() error {
	for len(d.rest) == 0 && d.err == nil {
		if !d.stream.Receive() {
			d.err = io.EOF
			if err := d.stream.Err(); err != nil {
				d.err = wire.FromConnect(d.ctx, d.op, d.id, d.path, err)
			}
			break
		}
		d.rest = d.stream.Msg().GetData()
	}
	if len(d.rest) > 0 {
		return nil
	}
	return d.err
}

func (d *download) Read(p []byte) (int, error) {
	if err := d.fill(); err != nil {
		return 0, err
	}
	n := copy(p, d.rest)
	d.rest = d.rest[n:]
	return n, nil
}

func (d *download) Close() error {
	if d.cancel != nil {
		d.cancel()
	}
	_ = d.stream.Close()
	return nil
}

// ListFiles lists a directory of a codebase, as CodebaseService says.
func (c *Client) ListFiles(ctx context.Context, id, path string, recursive bool) ([]sandbox.FileInfo, error) {
	m, err := c.codebases.ListFiles(ctx, &sandboxv1.ListFilesRequest{CodebaseId: id, Path: path, Recursive: recursive})
	if err != nil {
		return nil, wire.FromConnect(ctx, "list", id, path, err)
	}
	return wire.FilesFrom(m.GetFiles()), nil
}

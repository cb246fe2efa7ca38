// SPDX-License-Identifier: MIT

package server

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/internal/wire"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
)

// content serves what is bytes and no message, as it is: files, archives and
// patches. `curl -T file` uploads.
func (s *server) content(mux *http.ServeMux) {
	for pattern, serve := range map[string]contentFunc{
		"PUT /v1/codebases/{id}/files/{path...}": putFile,
		"GET /v1/codebases/{id}/files/{path...}": getFile,
		"PUT /v1/codebases/{id}/archive":         putArchive,
		"GET /v1/codebases/{id}/archive":         getArchive,
		"PUT /v1/sandboxes/{id}/files/{path...}": s.putWorkspaceFile,
		"GET /v1/sandboxes/{id}/files/{path...}": getWorkspaceFile,
		"GET /v1/sandboxes/{id}/diff":            getDiff,
	} {
		mux.Handle(pattern, s.serveContent(pattern, serve))
	}
}

// contentFunc serves one request. What it returns is sent as JSON, unless it is nil.
type contentFunc func(ctx context.Context, svc *limited, w http.ResponseWriter, r *http.Request) (proto.Message, error)

func (s *server) serveContent(pattern string, serve contentFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		sent := &noting{ResponseWriter: w}
		err := gate{s}.enter(r.Context())
		var svc *limited
		if err == nil {
			svc, err = s.service(r.Context())
		}
		var answer proto.Message
		if err == nil {
			answer, err = serve(r.Context(), svc, sent, r)
		}
		if err != nil {
			words := &sandboxv1.WriteFileRequest{SandboxId: r.PathValue("id"), Path: r.PathValue("path")}
			err = gate{s}.answer(r.Context(), err, words)
		}
		err = (&observer{s}).log(r.Context(), pattern, begun, err)
		switch {
		case err != nil && sent.begun:
			panic(http.ErrAbortHandler) // the client sees that it is not whole
		case err != nil:
			writeError(w, err)
		case answer != nil:
			writeJSON(w, http.StatusOK, answer)
		}
	})
}

// noting notes whether an answer has begun.
type noting struct {
	http.ResponseWriter
	begun bool
}

func (n *noting) WriteHeader(code int) {
	n.begun = true
	n.ResponseWriter.WriteHeader(code)
}

func (n *noting) Write(p []byte) (int, error) {
	n.begun = true
	return n.ResponseWriter.Write(p)
}

func (n *noting) Unwrap() http.ResponseWriter { return n.ResponseWriter }

func writeJSON(w http.ResponseWriter, code int, m proto.Message) {
	data, err := protojson.Marshal(m)
	if err != nil {
		code, data = http.StatusInternalServerError, []byte("{}")
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(append(data, '\n'))
}

// writeError answers as a call over REST does: with a google.rpc.Status.
func writeError(w http.ResponseWriter, err error) {
	var e *connect.Error
	if !errors.As(err, &e) {
		e = connect.NewError(connect.CodeUnknown, nil)
	}
	m := &status.Status{Code: int32(e.Code()), Message: e.Message()}
	for _, d := range e.Details() {
		if v, err := d.Value(); err == nil {
			if a, err := anypb.New(v); err == nil {
				m.Details = append(m.Details, a)
			}
		}
	}
	writeJSON(w, statusOf(e.Code()), m)
}

// statusOf is the HTTP status of a code, as google.rpc.Code has it.
func statusOf(c connect.Code) int {
	switch c {
	case connect.CodeCanceled:
		return 499
	case connect.CodeInvalidArgument, connect.CodeFailedPrecondition, connect.CodeOutOfRange:
		return http.StatusBadRequest
	case connect.CodeDeadlineExceeded:
		return http.StatusGatewayTimeout
	case connect.CodeNotFound:
		return http.StatusNotFound
	case connect.CodeAlreadyExists, connect.CodeAborted:
		return http.StatusConflict
	case connect.CodePermissionDenied:
		return http.StatusForbidden
	case connect.CodeResourceExhausted:
		return http.StatusTooManyRequests
	case connect.CodeUnimplemented:
		return http.StatusNotImplemented
	case connect.CodeUnavailable:
		return http.StatusServiceUnavailable
	case connect.CodeUnauthenticated:
		return http.StatusUnauthorized
	}
	return http.StatusInternalServerError
}

func putFile(ctx context.Context, svc *limited, _ http.ResponseWriter, r *http.Request) (proto.Message, error) {
	opts := sandbox.UploadOptions{Size: max(0, r.ContentLength)}
	if m := r.URL.Query().Get("mode"); m != "" {
		mode, err := strconv.ParseUint(m, 8, 32)
		if err != nil {
			return nil, invalidf("mode %q is not an octal number", m)
		}
		opts.Mode = uint32(mode)
	}
	result, err := svc.UploadFile(ctx, r.PathValue("id"), r.PathValue("path"), r.Body, opts)
	if err != nil {
		return nil, err
	}
	return &sandboxv1.UploadResult{CodebaseId: result.CodebaseID, FilePath: wire.TextTo(wire.PathTo(result.Path)), Size: result.Size, Checksum: result.Checksum}, nil
}

func getFile(ctx context.Context, svc *limited, w http.ResponseWriter, r *http.Request) (proto.Message, error) {
	body, err := svc.DownloadFile(ctx, r.PathValue("id"), r.PathValue("path"))
	if err != nil {
		return nil, err
	}
	defer body.Close()
	asBytes(w, "application/octet-stream")
	_, err = io.Copy(w, body)
	return nil, err
}

// asBytes says what is sent. No browser is to take it for a page of this server.
func asBytes(w http.ResponseWriter, kind string) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Disposition", "attachment")
}

func putArchive(ctx context.Context, svc *limited, _ http.ResponseWriter, r *http.Request) (proto.Message, error) {
	c, err := svc.ImportTar(ctx, r.PathValue("id"), r.Body)
	if err != nil {
		return nil, err
	}
	return wire.CodebaseTo(c), nil
}

func getArchive(ctx context.Context, svc *limited, w http.ResponseWriter, r *http.Request) (proto.Message, error) {
	asBytes(w, "application/x-tar")
	return nil, buffered(w, func(w io.Writer) error { return svc.ExportTar(ctx, r.PathValue("id"), w) })
}

func (s *server) putWorkspaceFile(ctx context.Context, svc *limited, _ http.ResponseWriter, r *http.Request) (proto.Message, error) {
	data, err := io.ReadAll(atMost(r.Body, s.writeLimit()))
	if err != nil {
		return nil, err
	}
	return &sandboxv1.Empty{}, svc.WriteFile(ctx, r.PathValue("id"), r.PathValue("path"), data)
}

func getWorkspaceFile(ctx context.Context, svc *limited, w http.ResponseWriter, r *http.Request) (proto.Message, error) {
	body, err := svc.open(ctx, r.PathValue("id"), r.PathValue("path"))
	if err != nil {
		return nil, err
	}
	defer body.Close()
	asBytes(w, "application/octet-stream")
	_, err = io.Copy(w, body)
	return nil, err
}

func getDiff(ctx context.Context, svc *limited, w http.ResponseWriter, r *http.Request) (proto.Message, error) {
	asBytes(w, "text/x-diff")
	return nil, buffered(w, func(w io.Writer) error {
		return svc.Diff(ctx, r.PathValue("id"), w, sandbox.DiffOptions{Paths: r.URL.Query()["path"]})
	})
}

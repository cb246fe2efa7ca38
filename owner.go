// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"errors"
	"io"
	"iter"
)

// ForOwner is what one owner has of a Service: what is made through it belongs
// to the owner, and whatever belongs to another does not exist (ErrSandboxNotFound
// and its like). Requests need not name the owner; naming another one is
// ErrPermissionDenied when something is to be made, and finds nothing in lists.
// Owner must not be empty.
func ForOwner(svc Service, owner string) Service { return &owned{svc, owner} }

type owned struct {
	svc   Service
	owner string
}

var _ interface {
	Service
	CommandStarter
	FileOpener
} = (*owned)(nil)

func (o *owned) fail(op, id string, err error) error { return &Error{Op: op, ID: id, Err: err} }

// sandbox looks whether a sandbox is the owner's. What is said of another's is, to the
// word, what is said of one that is not there.
func (o *owned) sandbox(ctx context.Context, op, id string) error {
	info, err := o.svc.GetSandbox(ctx, id)
	if err == nil && info.OwnerID != o.owner || errors.Is(err, ErrSandboxNotFound) {
		return o.fail(op, id, ErrSandboxNotFound)
	}
	return err
}

func (o *owned) codebase(ctx context.Context, op, id string) error {
	c, err := o.svc.GetCodebase(ctx, id)
	if err == nil && c.OwnerID != o.owner || errors.Is(err, ErrCodebaseNotFound) {
		return o.fail(op, id, ErrCodebaseNotFound)
	}
	return err
}

func (o *owned) session(ctx context.Context, op, id string) (*SessionInfo, error) {
	s, err := o.svc.GetSession(ctx, id)
	if err == nil {
		err = o.sandbox(ctx, op, s.SandboxID)
	}
	switch {
	case errors.Is(err, ErrSessionNotFound), errors.Is(err, ErrSandboxNotFound):
		return nil, o.fail(op, id, ErrSessionNotFound)
	case err != nil:
		return nil, err
	}
	return s, nil
}

// claim makes the owner that of a request.
func (o *owned) claim(op string, named *string) error {
	if *named != "" && *named != o.owner {
		return o.fail(op, "", because(ErrPermissionDenied, invalidf("the owner %q is another", *named)))
	}
	*named = o.owner
	return nil
}

// Sandboxes.

func (o *owned) CreateSandbox(ctx context.Context, req CreateSandboxRequest) (*Info, error) {
	if err := o.claim("create", &req.OwnerID); err != nil {
		return nil, err
	}
	if err := o.codebase(ctx, "create", req.CodebaseID); err != nil {
		return nil, err
	}
	return o.svc.CreateSandbox(ctx, req)
}

func (o *owned) GetSandbox(ctx context.Context, id string) (*Info, error) {
	info, err := o.svc.GetSandbox(ctx, id)
	if err == nil && info.OwnerID != o.owner || errors.Is(err, ErrSandboxNotFound) {
		return nil, o.fail("get", id, ErrSandboxNotFound)
	}
	return info, err
}

func (o *owned) ListSandboxes(ctx context.Context, req ListSandboxesRequest) (*SandboxPage, error) {
	if req.OwnerID != "" && req.OwnerID != o.owner {
		return &SandboxPage{}, nil
	}
	req.OwnerID = o.owner
	return o.svc.ListSandboxes(ctx, req)
}

func (o *owned) StartSandbox(ctx context.Context, id string) (*Info, error) {
	if err := o.sandbox(ctx, "start", id); err != nil {
		return nil, err
	}
	return o.svc.StartSandbox(ctx, id)
}

func (o *owned) StopSandbox(ctx context.Context, id string) (*Info, error) {
	if err := o.sandbox(ctx, "stop", id); err != nil {
		return nil, err
	}
	return o.svc.StopSandbox(ctx, id)
}

func (o *owned) DestroySandbox(ctx context.Context, id string) error {
	if err := o.sandbox(ctx, "destroy", id); err != nil {
		return err
	}
	return o.svc.DestroySandbox(ctx, id)
}

func (o *owned) UpdateResources(ctx context.Context, id string, limits ResourceLimits) error {
	if err := o.sandbox(ctx, "update", id); err != nil {
		return err
	}
	return o.svc.UpdateResources(ctx, id, limits)
}

func (o *owned) Usage(ctx context.Context, id string) (*Usage, error) {
	if err := o.sandbox(ctx, "usage", id); err != nil {
		return nil, err
	}
	return o.svc.Usage(ctx, id)
}

// Commands.

func (o *owned) Exec(ctx context.Context, sandboxID string, req ExecRequest) (*ExecResult, error) {
	if err := o.sandbox(ctx, "exec", sandboxID); err != nil {
		return nil, err
	}
	return o.svc.Exec(ctx, sandboxID, req)
}

func (o *owned) ExecStream(ctx context.Context, sandboxID string, req ExecRequest) iter.Seq2[ExecOutput, error] {
	if err := o.sandbox(ctx, "exec", sandboxID); err != nil {
		return failed(err)
	}
	return o.svc.ExecStream(ctx, sandboxID, req)
}

// StartCommand starts a command, if the service can.
func (o *owned) StartCommand(ctx context.Context, sandboxID string, req ExecRequest) (*Command, error) {
	if err := o.sandbox(ctx, "exec", sandboxID); err != nil {
		return nil, err
	}
	starter, ok := o.svc.(CommandStarter)
	if !ok {
		return nil, o.fail("exec", sandboxID, because(ErrUnsupported, errNoCommands))
	}
	return starter.StartCommand(ctx, sandboxID, req)
}

// Sessions.

func (o *owned) CreateSession(ctx context.Context, sandboxID string, req CreateSessionRequest) (*SessionInfo, error) {
	if err := o.sandbox(ctx, "session", sandboxID); err != nil {
		return nil, err
	}
	return o.svc.CreateSession(ctx, sandboxID, req)
}

func (o *owned) GetSession(ctx context.Context, id string) (*SessionInfo, error) {
	return o.session(ctx, "session", id)
}

func (o *owned) ListSessions(ctx context.Context, sandboxID string) ([]SessionInfo, error) {
	if err := o.sandbox(ctx, "list sessions", sandboxID); err != nil {
		return nil, err
	}
	return o.svc.ListSessions(ctx, sandboxID)
}

func (o *owned) DestroySession(ctx context.Context, id string) error {
	if _, err := o.session(ctx, "close session", id); err != nil {
		return err
	}
	return o.svc.DestroySession(ctx, id)
}

func (o *owned) SessionExec(ctx context.Context, id string, req SessionExecRequest) (*ExecResult, error) {
	if _, err := o.session(ctx, "exec", id); err != nil {
		return nil, err
	}
	return o.svc.SessionExec(ctx, id, req)
}

func (o *owned) SessionExecStream(ctx context.Context, id string, req SessionExecRequest) iter.Seq2[ExecOutput, error] {
	if _, err := o.session(ctx, "exec", id); err != nil {
		return failed(err)
	}
	return o.svc.SessionExecStream(ctx, id, req)
}

// Codebases.

func (o *owned) CreateCodebase(ctx context.Context, req CreateCodebaseRequest) (*Codebase, error) {
	if err := o.claim("create codebase", &req.OwnerID); err != nil {
		return nil, err
	}
	return o.svc.CreateCodebase(ctx, req)
}

func (o *owned) GetCodebase(ctx context.Context, id string) (*Codebase, error) {
	c, err := o.svc.GetCodebase(ctx, id)
	if err == nil && c.OwnerID != o.owner || errors.Is(err, ErrCodebaseNotFound) {
		return nil, o.fail("get codebase", id, ErrCodebaseNotFound)
	}
	return c, err
}

func (o *owned) ListCodebases(ctx context.Context, req ListCodebasesRequest) (*CodebasePage, error) {
	if req.OwnerID != "" && req.OwnerID != o.owner {
		return &CodebasePage{}, nil
	}
	req.OwnerID = o.owner
	return o.svc.ListCodebases(ctx, req)
}

func (o *owned) DeleteCodebase(ctx context.Context, id string) error {
	if err := o.codebase(ctx, "delete codebase", id); err != nil {
		return err
	}
	return o.svc.DeleteCodebase(ctx, id)
}

func (o *owned) ImportTar(ctx context.Context, id string, r io.Reader) (*Codebase, error) {
	if err := o.codebase(ctx, "import", id); err != nil {
		return nil, err
	}
	return o.svc.ImportTar(ctx, id, r)
}

func (o *owned) ExportTar(ctx context.Context, id string, w io.Writer) error {
	if err := o.codebase(ctx, "export", id); err != nil {
		return err
	}
	return o.svc.ExportTar(ctx, id, w)
}

func (o *owned) UploadFile(ctx context.Context, id, path string, r io.Reader, opts UploadOptions) (*UploadResult, error) {
	if err := o.codebase(ctx, "upload", id); err != nil {
		return nil, err
	}
	return o.svc.UploadFile(ctx, id, path, r, opts)
}

func (o *owned) DownloadFile(ctx context.Context, id, path string) (io.ReadCloser, error) {
	if err := o.codebase(ctx, "download", id); err != nil {
		return nil, err
	}
	return o.svc.DownloadFile(ctx, id, path)
}

func (o *owned) ListFiles(ctx context.Context, id, path string, recursive bool) ([]FileInfo, error) {
	if err := o.codebase(ctx, "list", id); err != nil {
		return nil, err
	}
	return o.svc.ListFiles(ctx, id, path, recursive)
}

// Files of a workspace.

func (o *owned) ReadFile(ctx context.Context, sandboxID, path string) ([]byte, error) {
	if err := o.sandbox(ctx, "read", sandboxID); err != nil {
		return nil, err
	}
	return o.svc.ReadFile(ctx, sandboxID, path)
}

// OpenFile opens a file for reading, if the service can.
func (o *owned) OpenFile(ctx context.Context, sandboxID, path string) (io.ReadCloser, error) {
	if err := o.sandbox(ctx, "read", sandboxID); err != nil {
		return nil, err
	}
	opener, ok := o.svc.(FileOpener)
	if !ok {
		return nil, o.fail("read", sandboxID, because(ErrUnsupported, errNoFiles))
	}
	return opener.OpenFile(ctx, sandboxID, path)
}

func (o *owned) WriteFile(ctx context.Context, sandboxID, path string, data []byte) error {
	if err := o.sandbox(ctx, "write", sandboxID); err != nil {
		return err
	}
	return o.svc.WriteFile(ctx, sandboxID, path, data)
}

func (o *owned) ListWorkspace(ctx context.Context, sandboxID, path string, recursive bool) ([]FileInfo, error) {
	if err := o.sandbox(ctx, "list", sandboxID); err != nil {
		return nil, err
	}
	return o.svc.ListWorkspace(ctx, sandboxID, path, recursive)
}

// Deltas.

func (o *owned) Changes(ctx context.Context, sandboxID string) ([]Change, error) {
	if err := o.sandbox(ctx, "changes", sandboxID); err != nil {
		return nil, err
	}
	return o.svc.Changes(ctx, sandboxID)
}

func (o *owned) Diff(ctx context.Context, sandboxID string, w io.Writer, opts DiffOptions) error {
	if err := o.sandbox(ctx, "diff", sandboxID); err != nil {
		return err
	}
	return o.svc.Diff(ctx, sandboxID, w, opts)
}

// Commit of an owner is to the codebase: the directories of the machine are not
// the owner's.
func (o *owned) Commit(ctx context.Context, sandboxID string, opts CommitOptions) (*CommitReport, error) {
	if err := o.sandbox(ctx, "commit", sandboxID); err != nil {
		return nil, err
	}
	if opts.Dir != "" {
		return nil, o.fail("commit", sandboxID, because(ErrPermissionDenied, invalidf("a directory of the server")))
	}
	return o.svc.Commit(ctx, sandboxID, opts)
}

func (o *owned) Discard(ctx context.Context, sandboxID string) error {
	if err := o.sandbox(ctx, "discard", sandboxID); err != nil {
		return err
	}
	return o.svc.Discard(ctx, sandboxID)
}

func (o *owned) Fork(ctx context.Context, sandboxID string, req ForkRequest) (*Info, error) {
	if err := o.sandbox(ctx, "fork", sandboxID); err != nil {
		return nil, err
	}
	return o.svc.Fork(ctx, sandboxID, req)
}

func (o *owned) CreateCheckpoint(ctx context.Context, sandboxID, name string) (*Checkpoint, error) {
	if err := o.sandbox(ctx, "checkpoint", sandboxID); err != nil {
		return nil, err
	}
	return o.svc.CreateCheckpoint(ctx, sandboxID, name)
}

func (o *owned) ListCheckpoints(ctx context.Context, sandboxID string) ([]Checkpoint, error) {
	if err := o.sandbox(ctx, "list checkpoints", sandboxID); err != nil {
		return nil, err
	}
	return o.svc.ListCheckpoints(ctx, sandboxID)
}

func (o *owned) Restore(ctx context.Context, sandboxID, checkpointID string) error {
	if err := o.sandbox(ctx, "restore", sandboxID); err != nil {
		return err
	}
	return o.svc.Restore(ctx, sandboxID, checkpointID)
}

func (o *owned) DeleteCheckpoint(ctx context.Context, sandboxID, checkpointID string) error {
	if err := o.sandbox(ctx, "delete checkpoint", sandboxID); err != nil {
		return err
	}
	return o.svc.DeleteCheckpoint(ctx, sandboxID, checkpointID)
}

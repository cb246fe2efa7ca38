// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"io"
	"iter"
	"time"
)

// Service holds sandboxes and codebases, and does everything to them by their
// ids. A Manager is one, on this machine; a client of a server is another. The
// functions of this package that take options stand on a Service: the
// process's own Manager, unless WithService names another.
//
// All methods may be called concurrently, also for one sandbox. An unknown id
// is ErrSandboxNotFound, ErrCodebaseNotFound, ErrSessionNotFound or
// ErrCheckpointNotFound. What a method says of repeating it holds for a caller
// who does not know whether the first call arrived.
type Service interface {
	SandboxService
	CommandService
	SessionService
	CodebaseService
	FileService
	DeltaService
}

// SandboxService makes sandboxes, and starts and ends them. Calls that change
// one sandbox come one after the other.
type SandboxService interface {
	// CreateSandbox makes a sandbox of a codebase: stopped (StatusPending),
	// unless the request says Start. Each call makes another.
	CreateSandbox(ctx context.Context, req CreateSandboxRequest) (*Info, error)
	// GetSandbox describes a sandbox.
	GetSandbox(ctx context.Context, id string) (*Info, error)
	// ListSandboxes lists sandboxes, the oldest first, page by page. What is
	// created or destroyed meanwhile may be in it or not; nothing else is missed
	// or listed twice.
	ListSandboxes(ctx context.Context, req ListSandboxesRequest) (*SandboxPage, error)
	// StartSandbox starts a sandbox, with what it had changed. A running one is
	// left as it is.
	StartSandbox(ctx context.Context, id string) (*Info, error)
	// StopSandbox ends all commands and sessions of a sandbox. When it returns,
	// none is left. What it changed is kept. Stopping a stopped one does nothing.
	StopSandbox(ctx context.Context, id string) (*Info, error)
	// DestroySandbox stops a sandbox and removes it. What it changed goes into
	// its codebase, if it was made of one, and is dropped otherwise. Destroying
	// it again is ErrSandboxNotFound.
	DestroySandbox(ctx context.Context, id string) error
	// UpdateResources replaces the limits of a sandbox; see
	// Sandbox.UpdateResources. Repeating it changes nothing.
	UpdateResources(ctx context.Context, id string, limits ResourceLimits) error
	// Usage returns what a sandbox uses; see Sandbox.Usage.
	Usage(ctx context.Context, id string) (*Usage, error)
}

// CommandService runs commands in running sandboxes, any number at a time.
// Each call runs the command anew.
type CommandService interface {
	// Exec runs a command and waits for it; see Sandbox.Exec.
	Exec(ctx context.Context, sandboxID string, req ExecRequest) (*ExecResult, error)
	// ExecStream runs a command and yields what it prints; see Sandbox.ExecStream.
	ExecStream(ctx context.Context, sandboxID string, req ExecRequest) iter.Seq2[ExecOutput, error]
}

// SessionService keeps shells that go on from one command to the next. The
// commands of one session run one after the other, in the order of the calls.
type SessionService interface {
	// CreateSession opens a session in a running sandbox. Each call opens another.
	CreateSession(ctx context.Context, sandboxID string, req CreateSessionRequest) (*SessionInfo, error)
	// GetSession describes a session. One that was closed is known for a while.
	GetSession(ctx context.Context, id string) (*SessionInfo, error)
	// ListSessions lists the sessions of a sandbox, the oldest first: those that
	// are open, and the last few that were closed.
	ListSessions(ctx context.Context, sandboxID string) ([]SessionInfo, error)
	// DestroySession ends a session with all that it has started. Repeating it
	// does nothing while the closed session is known.
	DestroySession(ctx context.Context, id string) error
	// SessionExec runs a command in a session and waits for it; see Session.Exec.
	SessionExec(ctx context.Context, id string, req SessionExecRequest) (*ExecResult, error)
	// SessionExecStream runs a command in a session and yields what it prints;
	// see Session.ExecStream.
	SessionExecStream(ctx context.Context, id string, req SessionExecRequest) iter.Seq2[ExecOutput, error]
}

// CodebaseService keeps codebases: sets of files of which sandboxes are made.
// A file is addressed by its codebase. What sandboxes of that codebase have
// changed is seen in it as soon as they change it; of several that changed one
// file, the one that did so last is seen.
type CodebaseService interface {
	// CreateCodebase makes an empty codebase. Each call makes another.
	CreateCodebase(ctx context.Context, req CreateCodebaseRequest) (*Codebase, error)
	// GetCodebase describes a codebase.
	GetCodebase(ctx context.Context, id string) (*Codebase, error)
	// ListCodebases lists codebases, the oldest first, page by page, as
	// ListSandboxes lists sandboxes.
	ListCodebases(ctx context.Context, req ListCodebasesRequest) (*CodebasePage, error)
	// DeleteCodebase forgets a codebase. Sandboxes that were made of it go on.
	// Deleting it again is ErrCodebaseNotFound.
	DeleteCodebase(ctx context.Context, id string) error
	// ImportTar adds what a tar stream holds to a codebase: all of it, or, on an
	// error, nothing. In sandboxes that were made of it before, its files and links
	// appear as uploads do, one after the other.
	ImportTar(ctx context.Context, id string, r io.Reader) (*Codebase, error)
	// ExportTar writes a codebase as a tar stream, as it is at one moment, without
	// what running sandboxes have changed.
	ExportTar(ctx context.Context, id string, w io.Writer) error
	// UploadFile writes a file of a codebase. It appears whole, and at once also in
	// the sandboxes of the codebase, at the level that it has there. Repeating
	// it changes nothing.
	UploadFile(ctx context.Context, id, path string, r io.Reader, opts UploadOptions) (*UploadResult, error)
	// DownloadFile returns the content of a file of a codebase, as it was at one
	// moment unless a sandbox is just writing it. A missing one is
	// fs.ErrNotExist. The caller closes it.
	DownloadFile(ctx context.Context, id, path string) (io.ReadCloser, error)
	// ListFiles lists a directory of a codebase, or, recursively, all beneath it,
	// sorted by path. "" is the root.
	ListFiles(ctx context.Context, id, path string, recursive bool) ([]FileInfo, error)
}

// FileService gives access to the workspace of one running sandbox, under its
// rules, so that an agent can have it as a tool.
type FileService interface {
	// ReadFile returns the content of a file; see Sandbox.ReadFile.
	ReadFile(ctx context.Context, sandboxID, path string) ([]byte, error)
	// WriteFile writes a file; see Sandbox.WriteFile. Repeating it changes nothing.
	WriteFile(ctx context.Context, sandboxID, path string, data []byte) error
	// ListWorkspace lists a directory; see Sandbox.ListFiles.
	ListWorkspace(ctx context.Context, sandboxID, path string, recursive bool) ([]FileInfo, error)
}

// DeltaService is about what a sandbox changed. Apart from Discard and Restore
// it takes running and stopped sandboxes.
type DeltaService interface {
	// Changes lists what a sandbox changed; see Sandbox.Changes.
	Changes(ctx context.Context, sandboxID string) ([]Change, error)
	// Diff writes what a sandbox changed as a patch; see Sandbox.Diff.
	Diff(ctx context.Context, sandboxID string, w io.Writer, opts DiffOptions) error
	// Commit carries changes over to what the sandbox was made of; see
	// Sandbox.Commit. Repeating it changes nothing.
	Commit(ctx context.Context, sandboxID string, opts CommitOptions) (*CommitReport, error)
	// Discard drops what a sandbox changed; see Sandbox.Discard. Repeating it
	// changes nothing.
	Discard(ctx context.Context, sandboxID string) error
	// Fork makes another sandbox from the state of one; see Sandbox.Fork. Each
	// call makes another.
	Fork(ctx context.Context, sandboxID string, req ForkRequest) (*Info, error)
	// CreateCheckpoint keeps the state of a sandbox; see Sandbox.Checkpoint. Each
	// call keeps it anew.
	CreateCheckpoint(ctx context.Context, sandboxID, name string) (*Checkpoint, error)
	// ListCheckpoints lists the checkpoints of a sandbox, the oldest first.
	ListCheckpoints(ctx context.Context, sandboxID string) ([]Checkpoint, error)
	// Restore puts a sandbox back to a checkpoint; see Sandbox.Restore. Repeating
	// it changes nothing.
	Restore(ctx context.Context, sandboxID, checkpointID string) error
	// DeleteCheckpoint drops a checkpoint. Deleting it again is
	// ErrCheckpointNotFound.
	DeleteCheckpoint(ctx context.Context, sandboxID, checkpointID string) error
}

// DirectoryService is a Service that can make sandboxes of directories of the
// machine it is on, as a Manager can. FromLocal uploads to one that cannot.
type DirectoryService interface {
	Service
	// CreateFromDirectory makes a sandbox of a directory; see FromLocal.
	CreateFromDirectory(ctx context.Context, dir string, req CreateSandboxRequest) (*Info, error)
}

// CommandStarter is a Service whose commands the caller can drive.
type CommandStarter interface {
	// StartCommand starts a command; see Sandbox.StartCommand.
	StartCommand(ctx context.Context, sandboxID string, req ExecRequest) (*Command, error)
}

// FileOpener is a Service whose workspaces can be read without holding files in
// memory: a sandbox can make one of any size.
type FileOpener interface {
	// OpenFile is ReadFile for a file that is read bit by bit. The caller closes it.
	OpenFile(ctx context.Context, sandboxID, path string) (io.ReadCloser, error)
}

var _ interface {
	DirectoryService
	CommandStarter
	FileOpener
} = (*Manager)(nil)

// The sizes of pages.
const (
	DefaultPageSize = 100
	MaxPageSize     = 1000
)

// maxPageBytes bounds what a page of several sandboxes holds: there are fewer in it,
// where they have many rules and labels. Clients take no messages of any size.
const maxPageBytes = 3 << 20

// ListSandboxesRequest says which sandboxes to list.
type ListSandboxesRequest struct {
	// CodebaseID, if given, is the codebase that they were made of.
	CodebaseID string `json:"codebase_id,omitempty"`
	// OwnerID, if given, is that of them all.
	OwnerID string `json:"owner_id,omitempty"`
	// Labels are those that they all have.
	Labels map[string]string `json:"labels,omitempty"`
	// PageSize is how many to list at most; there may be fewer in a page that is not
	// the last. Default DefaultPageSize; more than
	// MaxPageSize is MaxPageSize.
	PageSize int `json:"page_size,omitempty"`
	// PageToken is the NextPageToken of the page before. Empty: the first page.
	PageToken string `json:"page_token,omitempty"`
}

// SandboxPage is a page of sandboxes.
type SandboxPage struct {
	Sandboxes []Info `json:"sandboxes"`
	// NextPageToken asks for the next page. Empty: this is the last one.
	NextPageToken string `json:"next_page_token,omitempty"`
}

// ListCodebasesRequest says which codebases to list.
type ListCodebasesRequest struct {
	// OwnerID, if given, is that of them all.
	OwnerID string `json:"owner_id,omitempty"`
	// PageSize and PageToken are as in ListSandboxesRequest.
	PageSize  int    `json:"page_size,omitempty"`
	PageToken string `json:"page_token,omitempty"`
}

// CodebasePage is a page of codebases.
type CodebasePage struct {
	Codebases []Codebase `json:"codebases"`
	// NextPageToken asks for the next page. Empty: this is the last one.
	NextPageToken string `json:"next_page_token,omitempty"`
}

// CreateCodebaseRequest says what a codebase is to be called.
type CreateCodebaseRequest struct {
	Name string `json:"name,omitempty"`
	// OwnerID is whatever the caller wants to find it by again.
	OwnerID string `json:"owner_id,omitempty"`
}

// UploadOptions are what UploadFile may be told of a file.
type UploadOptions struct {
	// Mode has the permissions of a new file. Default 0644; an existing file
	// keeps its own unless Mode is given.
	Mode uint32 `json:"mode,omitempty"`
	// ModTime is the time of last modification. Default: now.
	ModTime time.Time `json:"mod_time,omitzero"`
	// Size is how many bytes will come; another number is an error. 0: unknown.
	Size int64 `json:"size,omitempty"`
}

// UploadResult describes a file that was uploaded.
type UploadResult struct {
	CodebaseID string `json:"codebase_id"`
	Path       string `json:"path"`     // "/a/b"
	Size       int64  `json:"size"`     // bytes
	Checksum   string `json:"checksum"` // SHA-256 of the content, in hexadecimal
}

// CreateSessionRequest says which shell a session has and how it begins.
type CreateSessionRequest struct {
	// Shell is its path in the sandbox, or a name looked up in PATH. Default:
	// /bin/bash, or /bin/sh where there is none.
	Shell string `json:"shell,omitempty"`
	// Env adds to the sandbox's own environment.
	Env map[string]string `json:"env,omitempty"`
	// Dir is where it begins. Default: the workspace.
	Dir string `json:"dir,omitempty"`
}

// SessionExecRequest is a command for a session.
type SessionExecRequest struct {
	Command string `json:"command"`
	// Timeout interrupts the command. 0: none.
	Timeout time.Duration `json:"timeout,omitempty"`
}

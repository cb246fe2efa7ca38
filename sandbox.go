// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"io"
	"iter"
	"sync"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/engine"
)

// Workspace is the path at which a sandbox sees its tree. The paths of rules,
// and of ReadFile and its like, are those beneath it.
const Workspace = engine.Target

// Sandbox runs commands on a tree under rules. It is a handle: the sandbox
// itself belongs to a Service. All methods may be called concurrently.
type Sandbox struct {
	service Service
	id      string
	upload  string // the codebase that was made for it alone; "" for none
	rules   []Rule
	policy  func() *fsguard.Policy
}

func newSandbox(svc Service, info *Info) *Sandbox {
	s := &Sandbox{service: svc, id: info.ID, rules: info.Rules}
	s.policy = sync.OnceValue(func() *fsguard.Policy {
		p, err := fsguard.Compile(s.rules)
		if err != nil {
			p, _ = fsguard.Compile(nil) // the service had none of it: nothing is allowed
		}
		return p
	})
	return s
}

// FromLocal makes a sandbox of a directory and starts it, under the rules of
// DefaultPreset unless the options say otherwise. The directory is never
// changed, unless by Commit, and nothing is left in it.
//
// When the rules hide something, the sandbox works on a snapshot: what is
// hidden is not even copied, and what appears in the directory later is not
// seen. An unchanged directory is not copied again. When nothing is hidden, or
// with WithLive, the directory itself is the lower layer.
//
// With a Service on another machine (WithService) what the rules let be seen of
// the directory is uploaded into a codebase, which goes with the sandbox.
//
// Destroy, or Close, the sandbox when it is no longer needed.
func FromLocal(ctx context.Context, dir string, opts ...Option) (*Sandbox, error) {
	o := collect(opts)
	svc, err := o.find()
	if err != nil {
		return nil, err
	}
	return fromLocal(ctx, svc, dir, o)
}

// FromCodebase makes a sandbox of a codebase and starts it. Nothing is walked
// or copied. An unknown id is ErrCodebaseNotFound. When it is destroyed, what it
// changed goes into the codebase.
func FromCodebase(ctx context.Context, codebaseID string, opts ...Option) (*Sandbox, error) {
	o := collect(opts)
	svc, err := o.find()
	if err != nil {
		return nil, err
	}
	return fromCodebase(ctx, svc, codebaseID, o)
}

// Connect returns a sandbox by its id. One that is not known is
// ErrSandboxNotFound. Of the options WithService applies.
func Connect(ctx context.Context, id string, opts ...Option) (*Sandbox, error) {
	o := collect(opts)
	svc, err := o.find()
	if err != nil {
		return nil, err
	}
	return connect(ctx, svc, id)
}

func fromCodebase(ctx context.Context, svc Service, codebaseID string, o options) (*Sandbox, error) {
	req, err := o.request()
	if err != nil {
		return nil, &Error{Op: "create", ID: codebaseID, Err: err}
	}
	req.CodebaseID = codebaseID
	info, err := svc.CreateSandbox(ctx, req)
	if err != nil {
		return nil, err
	}
	return newSandbox(svc, info), nil
}

func connect(ctx context.Context, svc Service, id string) (*Sandbox, error) {
	info, err := svc.GetSandbox(ctx, id)
	if err != nil {
		return nil, err
	}
	return newSandbox(svc, info), nil
}

// ID identifies the sandbox.
func (s *Sandbox) ID() string { return s.id }

// Info describes the sandbox as it is now.
func (s *Sandbox) Info(ctx context.Context) (*Info, error) { return s.service.GetSandbox(ctx, s.id) }

// Explain says which level a path of the workspace has, which rule gives it,
// and which rules that one beat. It needs no running sandbox.
func (s *Sandbox) Explain(path string) Decision { return s.policy().Decide(workspacePath(path)) }

// Start starts a sandbox that is stopped, with what it had changed. A running
// one is left as it is.
func (s *Sandbox) Start(ctx context.Context) error {
	_, err := s.service.StartSandbox(ctx, s.id)
	return err
}

// Stop ends all commands and the init. When it returns, none is left. What the
// sandbox changed is kept. Stopping again does nothing.
func (s *Sandbox) Stop(ctx context.Context) error {
	_, err := s.service.StopSandbox(ctx, s.id)
	return err
}

// Destroy stops the sandbox and removes it. What it changed goes into its
// codebase, if it was made of one; else it is dropped. When Destroy returns no
// process, mount or name of the sandbox is left; the bytes of a large delta are
// freed in the background. Destroying again does nothing.
func (s *Sandbox) Destroy(ctx context.Context) error {
	if err := s.service.DestroySandbox(ctx, s.id); err != nil && !isGone(err) {
		return err
	}
	if s.upload == "" {
		return nil
	}
	if err := s.service.DeleteCodebase(ctx, s.upload); err != nil && !isGone(err) {
		return err
	}
	return nil
}

// Close destroys the sandbox, as io.Closer.
func (s *Sandbox) Close() error { return s.Destroy(context.Background()) }

// Exec runs a command and waits for it, as Run does, but for as long as it takes.
func (s *Sandbox) Exec(ctx context.Context, req ExecRequest) (*ExecResult, error) {
	return s.service.Exec(ctx, s.id, req)
}

// ExecStream runs a command and yields what it prints as it comes: in order
// within stdout and within stderr, all of it, and no faster than it is taken,
// since the command waits meanwhile. The last output holds the result. Breaking
// off the loop, like the end of ctx, ends the command with all its processes.
//
// An error comes last: with the result if the command has run, as that of Exec.
func (s *Sandbox) ExecStream(ctx context.Context, req ExecRequest) iter.Seq2[ExecOutput, error] {
	return s.service.ExecStream(ctx, s.id, req)
}

// StartCommand starts a command and does not wait for it. It is ended, with
// all its processes, when ctx ends, when its time is up, or by Close. What it
// prints must be taken by Output, or dropped by Wait: it waits until then. A
// Service on another machine has no such thing (ErrUnsupported).
func (s *Sandbox) StartCommand(ctx context.Context, req ExecRequest) (*Command, error) {
	starter, ok := s.service.(CommandStarter)
	if !ok {
		return nil, s.fail("exec", "", because(ErrUnsupported, errNoCommands))
	}
	return starter.StartCommand(ctx, s.id, req)
}

// Session opens a session: a shell that goes on from one command to the next.
// It ends with the sandbox. A shell that is not there, or is none, is ErrInvalid.
func (s *Sandbox) Session(ctx context.Context, opts ...SessionOption) (*Session, error) {
	var req CreateSessionRequest
	for _, opt := range opts {
		opt(&req)
	}
	info, err := s.service.CreateSession(ctx, s.id, req)
	if err != nil {
		return nil, err
	}
	return &Session{service: s.service, info: *info}, nil
}

// ListSessions lists the sessions of the sandbox, the oldest first: those that
// are open, and the last few that were closed.
func (s *Sandbox) ListSessions(ctx context.Context) ([]SessionInfo, error) {
	return s.service.ListSessions(ctx, s.id)
}

// ConnectSession returns a session by its id. One that is not known is
// ErrSessionNotFound.
func (s *Sandbox) ConnectSession(ctx context.Context, id string) (*Session, error) {
	info, err := s.service.GetSession(ctx, id)
	if err != nil {
		return nil, err
	}
	if info.SandboxID != s.id {
		return nil, &Error{Op: "find session", ID: id, Err: ErrSessionNotFound}
	}
	return &Session{service: s.service, info: *info}, nil
}

// ReadFile returns the content of a file of the workspace, under the rules: a
// hidden file does not exist (fs.ErrNotExist), one that can only be listed is
// ErrPermissionDenied. So it is safe to hand it to an agent as a tool. One that is
// larger than MaxReadFile is syscall.EFBIG. The sandbox must be running.
func (s *Sandbox) ReadFile(ctx context.Context, name string) ([]byte, error) {
	return s.service.ReadFile(ctx, s.id, name)
}

// WriteFile writes a file of the workspace, under the rules: where they do not
// allow it, the error is ErrPermissionDenied. It appears whole: the content is
// written beside it and takes its place at the end where the rules allow that
// too, and in place where they do not. Missing directories are made. The
// sandbox must be running.
func (s *Sandbox) WriteFile(ctx context.Context, name string, data []byte) error {
	return s.service.WriteFile(ctx, s.id, name, data)
}

// ListFiles lists a directory of the workspace, or, recursively, all that is
// beneath it, sorted by path. What is hidden is not in it. Beneath the directory no
// link is followed, and what commands do meanwhile may be seen or not; a directory
// that is closed, or whose path is too long for the kernel, is listed without what
// it holds. The sandbox must be running.
func (s *Sandbox) ListFiles(ctx context.Context, name string, recursive bool) ([]FileInfo, error) {
	return s.service.ListWorkspace(ctx, s.id, name, recursive)
}

// UpdateResources replaces the limits of the sandbox. Those of a running one hold
// at once, those of a stopped one from its next start; a field that is zero
// lifts its limit. On an error nothing is changed.
//
// What cannot be changed is ErrUnsupported: a running sandbox that was started
// without any limit of memory, CPU or processes has to be stopped and started
// to get one; the disk limit cannot be lifted, raised to more than four times
// what it was at first (less, for limits over 5 GB), or given to a sandbox that was
// made without one. On cgroup v1 a memory limit below what is in use is an
// error; on v2 it makes the kernel kill processes.
func (s *Sandbox) UpdateResources(ctx context.Context, limits ResourceLimits) error {
	return s.service.UpdateResources(ctx, s.id, limits)
}

// Usage returns what the sandbox uses. What it takes on disk is there for a
// stopped one too; the other figures need a running one that was started with a
// limit of memory, CPU or processes.
func (s *Sandbox) Usage(ctx context.Context) (Usage, error) {
	u, err := s.service.Usage(ctx, s.id)
	if err != nil {
		return Usage{}, err
	}
	return *u, nil
}

// Changes lists what the sandbox changed since it was made, or since it was
// committed, sorted by path: content, type and permissions. A deleted directory
// is listed with all that was in it. The cost grows with what was changed, not
// with the tree. It works on a stopped sandbox too; on a running one, what is
// being written at the moment may be listed half done.
func (s *Sandbox) Changes(ctx context.Context) ([]Change, error) {
	return s.service.Changes(ctx, s.id)
}

// Diff writes what Changes lists as a patch, sorted by path, in the form of
// git: `git apply` and `patch -p1` make of the source what
// the sandbox made of it, but that patch cannot put a file in the place of a
// directory or the other way round. Content that holds a NUL byte or is larger than
// MaxFileSize is only said to differ; git refuses a patch with such a file,
// patch passes over it. What no patch can say (empty directories, FIFOs,
// permissions other than to execute) is in lines that begin with "# ".
//
// As Changes, it works on a stopped sandbox too, and may see half of what is
// being written on a running one. Nothing in the sandbox can make it follow a
// symlink, wait, or read anything but regular files. What it writes is the
// sandbox's words: control characters in content are as they are.
//
// The patch is made before any of it is written to w, and kept until then: what is
// larger than some hundred KiB in a nameless file in the state directory. What fails
// by then writes nothing. While w takes the patch, however slowly, all else can be done
// with the sandbox. An error of w, like the end of ctx between two writes, leaves w with
// the beginning of the patch.
func (s *Sandbox) Diff(ctx context.Context, w io.Writer, opts DiffOptions) error {
	return s.service.Diff(ctx, s.id, w, opts)
}

// Commit carries what the sandbox changed over to what it was made of: its
// directory, or its codebase; or to another directory (CommitOptions.Dir). The
// rules are asked again for each path: only what they let be written is. What
// somebody else has changed meanwhile is a conflict. As long as there is one,
// nothing is done and the error is ErrConflict, unless the options say
// otherwise; the report names them. What was committed is no change any more.
//
// On a directory the commit is journalled: a process that dies in the middle of
// it finishes or undoes it when its state directory is opened again. No
// symlink, the sandbox's or the directory's own, leads it elsewhere. Directories,
// regular files and symlinks are carried over, with their permissions (never
// set-user-ID or set-group-ID) and times; FIFOs, sockets and devices are skipped.
//
// What a sandbox wrote is the agent's word. Look at Diff before.
func (s *Sandbox) Commit(ctx context.Context, opts CommitOptions) (*CommitReport, error) {
	return s.service.Commit(ctx, s.id, opts)
}

// Discard drops all that the sandbox changed and that was not committed. It
// keeps its checkpoints. A sandbox in which commands or sessions are open is
// ErrSandboxBusy: end them, or stop it, before.
func (s *Sandbox) Discard(ctx context.Context) error { return s.service.Discard(ctx, s.id) }

// Fork makes another sandbox from the state of this one: of the same source,
// under the same rules, with what it has changed until now, and starts it. Of
// the options WithLabels, WithResources, WithBestEffortLimits, WithExpiry,
// WithIdleTimeout, WithAutoStart and WithLogger apply, and those for rules, network and
// the like are ErrInvalid; what is not given is as in this one, but for the expiry. Files that are being written at the moment may be
// half written in the other. Processes, and what is in /tmp and in the home
// directory, are not taken over.
func (s *Sandbox) Fork(ctx context.Context, opts ...Option) (*Sandbox, error) {
	o := collect(opts)
	req, err := o.forkRequest()
	if err != nil {
		return nil, s.fail("fork", "", err)
	}
	info, err := s.service.Fork(ctx, s.id, req)
	if err != nil {
		return nil, err
	}
	return newSandbox(s.service, info), nil
}

// Checkpoint keeps what the sandbox has changed until now, under a name of the
// caller's choice, for Restore. Files that are being written at the moment may
// be kept half written. Checkpoints go with the sandbox.
func (s *Sandbox) Checkpoint(ctx context.Context, name string) (*Checkpoint, error) {
	return s.service.CreateCheckpoint(ctx, s.id, name)
}

// ListCheckpoints lists the checkpoints of the sandbox, the oldest first.
func (s *Sandbox) ListCheckpoints(ctx context.Context) ([]Checkpoint, error) {
	return s.service.ListCheckpoints(ctx, s.id)
}

// Restore makes what the sandbox has changed what it was at a checkpoint, which
// stays. A sandbox in which commands or sessions are open is ErrSandboxBusy:
// end them, or stop it, before.
func (s *Sandbox) Restore(ctx context.Context, checkpointID string) error {
	return s.service.Restore(ctx, s.id, checkpointID)
}

// DeleteCheckpoint drops a checkpoint.
func (s *Sandbox) DeleteCheckpoint(ctx context.Context, checkpointID string) error {
	return s.service.DeleteCheckpoint(ctx, s.id, checkpointID)
}

func (s *Sandbox) fail(op, path string, err error) error {
	return &Error{Op: op, ID: s.id, Path: path, Err: err}
}

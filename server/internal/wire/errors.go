// SPDX-License-Identifier: MIT

package wire

import (
	"context"
	"errors"
	"io/fs"
	"syscall"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/server/sandboxv1"
)

// Kind is a kind of error, as the library and as the protocol have it.
type Kind struct {
	Err    error // what errors.Is finds
	Code   connect.Code
	Reason string // of ErrorInfo
	// Open says that what is wrong is in the error's own words, which speak of
	// what the caller has said.
	Open bool
}

// ErrTooLarge is a message, or an upload, that is larger than the server takes.
var ErrTooLarge = errors.New("too large")

// Kinds are all kinds of error. The first that matches decides.
var Kinds = []Kind{
	{sandbox.ErrSandboxNotFound, connect.CodeNotFound, "SANDBOX_NOT_FOUND", false},
	{sandbox.ErrCodebaseNotFound, connect.CodeNotFound, "CODEBASE_NOT_FOUND", false},
	{sandbox.ErrSessionNotFound, connect.CodeNotFound, "SESSION_NOT_FOUND", false},
	{sandbox.ErrCheckpointNotFound, connect.CodeNotFound, "CHECKPOINT_NOT_FOUND", false},
	{sandbox.ErrSandboxNotRunning, connect.CodeFailedPrecondition, "SANDBOX_NOT_RUNNING", true},
	{sandbox.ErrSandboxBusy, connect.CodeFailedPrecondition, "SANDBOX_BUSY", true},
	{sandbox.ErrSessionClosed, connect.CodeFailedPrecondition, "SESSION_CLOSED", true},
	{sandbox.ErrConflict, connect.CodeAborted, "CONFLICT", true},
	{sandbox.ErrCommandTimeout, connect.CodeDeadlineExceeded, "COMMAND_TIMEOUT", false},
	{sandbox.ErrUnauthenticated, connect.CodeUnauthenticated, "UNAUTHENTICATED", false},
	{sandbox.ErrPermissionDenied, connect.CodePermissionDenied, "PERMISSION_DENIED", true},
	{sandbox.ErrQuotaExceeded, connect.CodeResourceExhausted, "QUOTA_EXCEEDED", true},
	{ErrTooLarge, connect.CodeResourceExhausted, "TOO_LARGE", true},
	{sandbox.ErrInvalid, connect.CodeInvalidArgument, "INVALID", true},
	{sandbox.ErrUnsupported, connect.CodeFailedPrecondition, "UNSUPPORTED", true},
	{sandbox.ErrClosed, connect.CodeUnavailable, "CLOSED", false},
	{sandbox.ErrStateDamaged, connect.CodeDataLoss, "STATE_DAMAGED", false},
	{sandbox.ErrConnection, connect.CodeUnavailable, "UNAVAILABLE", false},
	{context.Canceled, connect.CodeCanceled, "CANCELED", false},
	{context.DeadlineExceeded, connect.CodeDeadlineExceeded, "DEADLINE", false},
	{syscall.ENOSPC, connect.CodeResourceExhausted, "DISK_FULL", false},
	{syscall.EDQUOT, connect.CodeResourceExhausted, "DISK_FULL", false},
	{fs.ErrNotExist, connect.CodeNotFound, "FILE_NOT_FOUND", false},
	{fs.ErrPermission, connect.CodePermissionDenied, "PERMISSION_DENIED", false},
	{syscall.ENOTEMPTY, connect.CodeFailedPrecondition, "FILE_ERROR", false},
	{fs.ErrExist, connect.CodeAlreadyExists, "FILE_EXISTS", false},
	{syscall.EISDIR, connect.CodeInvalidArgument, "FILE_ERROR", false},
	{syscall.ENOTDIR, connect.CodeInvalidArgument, "FILE_ERROR", false},
	{syscall.ELOOP, connect.CodeInvalidArgument, "FILE_ERROR", false},
	{syscall.ENAMETOOLONG, connect.CodeInvalidArgument, "FILE_ERROR", false},
	{syscall.EROFS, connect.CodePermissionDenied, "FILE_ERROR", false},
	{syscall.EFBIG, connect.CodeInvalidArgument, "FILE_ERROR", false},
}

// reasonInternal is that of an error of no kind: the server's own.
const reasonInternal = "INTERNAL"

// KindOf finds the kind of an error; nil if it is the server's own.
func KindOf(err error) *Kind {
	for i := range Kinds {
		if errors.Is(err, Kinds[i].Err) {
			return &Kinds[i]
		}
	}
	return nil
}

// ToConnect turns an error into one for the client of a request. What it says is of
// the client's own words: paths of the server are not in it.
func ToConnect(err error, req proto.Message) *connect.Error {
	if e, ok := err.(*connect.Error); ok {
		return e
	}
	k := KindOf(err)
	info := &sandboxv1.ErrorInfo{Reason: reasonInternal}
	code := connect.CodeInternal
	var at *sandbox.Error
	if errors.As(err, &at) {
		info.Op = at.Op
		if len(at.ID) <= maxWords {
			info.Id = text(at.ID)
		}
		if known := knownWords(req); known.has(at.Path) && len(at.Path) <= maxWords {
			info.Path = text(at.Path)
		}
	}
	why := "internal error; the server's log has it"
	if k != nil {
		code, info.Reason, why = k.Code, k.Reason, k.Err.Error()
		var errno syscall.Errno
		if errors.As(err, &errno) {
			info.Errno = errnoName(errno)
		}
		if k.Open {
			why = short(text(redact(reasonOf(err), knownWords(req))))
		}
	}
	e := connect.NewError(code, errors.New(sentence(info, why)))
	if d, err := connect.NewErrorDetail(info); err == nil {
		e.AddDetail(d)
	}
	return e
}

// maxWords is how long a part of an error may be: clients of gRPC take 8 KiB of
// headers, in which an error comes twice. A client knows its own words.
const maxWords = 512

// short cuts a text that is too long.
func short(s string) string {
	if len(s) <= maxWords {
		return s
	}
	return text(s[:maxWords]) + "…"
}

// sentence says what failed, on what, and why.
func sentence(i *sandboxv1.ErrorInfo, why string) string {
	return (&sandbox.Error{Op: or(i.Op, "call"), ID: i.Id, Path: i.Path, Err: errors.New(text(why))}).Error()
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// reasonOf is what the innermost Error says is wrong.
func reasonOf(err error) string {
	var at *sandbox.Error
	for errors.As(err, &at) {
		err = at.Err
	}
	return err.Error()
}

// remote is the reason of an error, as the server gave it.
type remote struct {
	text string
	kind error
}

func (e *remote) Error() string { return e.text }
func (e *remote) Unwrap() error { return e.kind }

// FromConnect turns what a server answered into an error of the library. An error
// that is not the server's is of the connection.
func FromConnect(ctx context.Context, op, id, path string, err error) error {
	if err == nil {
		return nil
	}
	fail := func(err error) error { return &sandbox.Error{Op: op, ID: id, Path: path, Err: err} }
	if ctx.Err() != nil {
		return fail(ctx.Err())
	}
	var e *connect.Error
	if !errors.As(err, &e) {
		return fail(&remote{err.Error(), sandbox.ErrConnection})
	}
	info := infoOf(e)
	if info == nil {
		return fail(&remote{e.Message(), kindOfCode(e)})
	}
	kind := kindOfReason(info.Reason, info.Errno)
	why := e.Message()
	if rest, ok := cutSentence(why, info); ok {
		why = rest
	}
	return &sandbox.Error{Op: or(info.Op, op), ID: or(info.Id, id), Path: or(info.Path, path), Err: &remote{why, kind}}
}

// kindOfReason is the kind with a reason: of several, the one of that errno, or the
// first.
func kindOfReason(reason, errno string) (kind error) {
	for _, k := range Kinds {
		switch {
		case k.Reason != reason:
		case errno != "" && errnoOf(k.Err) == errno:
			return k.Err
		case kind == nil:
			kind = k.Err
		}
	}
	if kind == nil {
		kind = errors.New(reason)
	}
	return kind
}

// cutSentence takes off the beginning of a message that the error says anew.
func cutSentence(message string, info *sandboxv1.ErrorInfo) (string, bool) {
	head := sentence(info, "")
	if len(message) > len(head) && message[:len(head)] == head {
		return message[len(head):], true
	}
	return "", false
}

func infoOf(e *connect.Error) *sandboxv1.ErrorInfo {
	for _, d := range e.Details() {
		if m, err := d.Value(); err == nil {
			if info, ok := m.(*sandboxv1.ErrorInfo); ok {
				return info
			}
		}
	}
	return nil
}

// kindOfCode is the kind of an error that tells nothing but its code: of whatever
// stands between client and server, or of the client itself.
func kindOfCode(e *connect.Error) error {
	switch e.Code() {
	case connect.CodeCanceled:
		return context.Canceled
	case connect.CodeDeadlineExceeded:
		return context.DeadlineExceeded
	case connect.CodeInvalidArgument, connect.CodeOutOfRange:
		return sandbox.ErrInvalid
	case connect.CodePermissionDenied:
		return sandbox.ErrPermissionDenied
	case connect.CodeUnauthenticated:
		return sandbox.ErrUnauthenticated
	case connect.CodeResourceExhausted:
		return sandbox.ErrQuotaExceeded
	case connect.CodeUnimplemented:
		return sandbox.ErrUnsupported
	}
	return sandbox.ErrConnection
}

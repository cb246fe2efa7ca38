// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/sandbox-rls/sandbox/internal/metadata"
)

// kindError is a sentinel that also matches an error of the standard library.
type kindError struct {
	text string
	also error
}

func (e *kindError) Error() string        { return e.text }
func (e *kindError) Is(target error) bool { return e.also != nil && target == e.also }

// The kinds of error, for errors.Is. Each also matches the error of the
// standard library that means the same, where there is one.
var (
	// ErrSandboxNotFound: no sandbox has this id.
	ErrSandboxNotFound error = &kindError{"sandbox not found", fs.ErrNotExist}
	// ErrSandboxNotRunning: the sandbox is stopped, destroyed, or its init has ended.
	ErrSandboxNotRunning error = &kindError{"sandbox not running", nil}
	// ErrCodebaseNotFound: no codebase has this id.
	ErrCodebaseNotFound error = &kindError{"codebase not found", fs.ErrNotExist}
	// ErrCheckpointNotFound: the sandbox has no checkpoint with this id.
	ErrCheckpointNotFound error = &kindError{"checkpoint not found", fs.ErrNotExist}
	// ErrSandboxBusy: commands or sessions are open in the sandbox.
	ErrSandboxBusy error = &kindError{"sandbox busy: a command or a session is open", nil}
	// ErrConflict: somebody else has changed what would be overwritten.
	ErrConflict error = &kindError{"conflict", fs.ErrExist}
	// ErrSessionNotFound: the sandbox has no session with this id.
	ErrSessionNotFound error = &kindError{"session not found", fs.ErrNotExist}
	// ErrSessionClosed: the session's shell has ended.
	ErrSessionClosed error = &kindError{"session closed", fs.ErrClosed}
	// ErrCommandTimeout: a command ran for longer than it was given. It matches
	// context.DeadlineExceeded.
	ErrCommandTimeout error = &kindError{"command timed out", context.DeadlineExceeded}
	// ErrPermissionDenied: the rules do not allow it. It matches fs.ErrPermission.
	ErrPermissionDenied error = &kindError{"permission denied", fs.ErrPermission}
	// ErrInvalid: an argument makes no sense. It matches fs.ErrInvalid.
	ErrInvalid error = &kindError{"invalid argument", fs.ErrInvalid}
	// ErrUnsupported: this machine lacks a feature; the error names it and the
	// remedy. It is errors.ErrUnsupported.
	ErrUnsupported = errors.ErrUnsupported
	// ErrStateDamaged: what a state directory knows cannot be read; nothing in it
	// was changed. It is an error of NewManager, which names the file and the remedy.
	ErrStateDamaged = metadata.ErrDamaged
	// ErrClosed: the manager was closed.
	ErrClosed error = &kindError{"closed", fs.ErrClosed}
	// ErrQuotaExceeded: the owner, or the server, has as many as it may have.
	ErrQuotaExceeded error = &kindError{"quota exceeded", nil}
	// ErrUnauthenticated: the server does not know the token. It matches
	// fs.ErrPermission.
	ErrUnauthenticated error = &kindError{"unauthenticated", fs.ErrPermission}
	// ErrConnection: the server cannot be reached, or the connection to it broke.
	// What the call was for may have been done.
	ErrConnection error = &kindError{"connection failed", nil}
)

// Error says what failed, on which sandbox and path, and why. Unwrap gives the
// reason, for errors.Is and errors.As.
type Error struct {
	Op   string // "create", "exec", "read", …
	ID   string // the sandbox or codebase, if there is one
	Path string // the path, if it is about one
	Err  error
}

func (e *Error) Error() string {
	s := e.Op
	if e.ID != "" {
		s += " " + e.ID
	}
	if e.Path != "" {
		s += " " + fmt.Sprintf("%q", e.Path)
	}
	return s + ": " + e.Err.Error()
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// isGone reports whether there is nothing left to destroy.
func isGone(err error) bool {
	return errors.Is(err, ErrSandboxNotFound) || errors.Is(err, ErrCodebaseNotFound) || errors.Is(err, ErrSessionNotFound)
}

var errNoCommands = errors.New("this service does not let its commands be driven; use Exec or ExecStream")

var errNoFiles = errors.New("this service does not let its files be opened; use ReadFile")

// because joins a kind with its particular reason.
func because(kind error, reason error) error {
	if errors.Is(reason, kind) {
		return reason
	}
	return fmt.Errorf("%w: %w", kind, reason)
}

func invalidf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}

// CommandError is what a non-zero exit becomes for a caller who asked for it
// with WithCheck.
type CommandError struct {
	Result *ExecResult
}

func (e *CommandError) Error() string {
	text := fmt.Sprintf("command %q: exit code %d", shorten(e.Result.Command, 80), e.Result.ExitCode)
	if e.Result.Stderr != "" {
		text += ": " + shorten(e.Result.Stderr, 400)
	}
	return text
}

func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "…"
}

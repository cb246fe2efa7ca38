// SPDX-License-Identifier: MIT

package sandbox

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/sandbox-rls/sandbox/runtime"
)

// ExecResult is how a command ended and what it printed.
type ExecResult struct {
	Command string `json:"command"`
	// Stdout and Stderr are bytes, valid UTF-8 or not.
	Stdout string `json:"stdout"`
	Stderr string `json:"stderr"`
	// ExitCode is the command's; 128 + the number of the signal that ended it;
	// 127 when it was not found, 126 when it could not be executed.
	ExitCode int `json:"exit_code"`
	// Signal is the name of the signal that ended it, "" if none did.
	Signal     string        `json:"signal,omitempty"`
	Duration   time.Duration `json:"duration"`
	UserTime   time.Duration `json:"user_time"`
	SystemTime time.Duration `json:"system_time"`
	// PeakMemory is the largest resident set of any one of its processes, in bytes.
	PeakMemory int64 `json:"peak_memory"`
	// TimedOut says that it was ended for running too long.
	TimedOut bool `json:"timed_out,omitempty"`
	// OOMKilled says that the kernel killed one of its processes, because the
	// sandbox's memory limit was reached. The kernel counts for the sandbox, so
	// that with several commands at once this is said of those that ended by
	// SIGKILL, or with its exit code 137, while a process was killed.
	OOMKilled bool `json:"oom_killed,omitempty"`
	// PidsLimited says that it could not start a process or a thread, because
	// the sandbox's limit was reached. With several commands at once it is said
	// of those that failed while one was refused.
	PidsLimited bool `json:"pids_limited,omitempty"`
	// SessionEnded says that the session's shell ended with the command.
	SessionEnded bool `json:"session_ended,omitempty"`
	// StdoutTruncated and StderrTruncated say that there was more than is kept.
	StdoutTruncated bool `json:"stdout_truncated,omitempty"`
	StderrTruncated bool `json:"stderr_truncated,omitempty"`
}

// notStarted is the result of a command that never ran, with the exit codes
// and the words that a shell has for it.
func (s *resident) notStarted(r *ExecResult, e *runtime.StartError) (*ExecResult, error) {
	if e.Step == "chdir" {
		return nil, s.fail("exec", e.Path, fmt.Errorf("working directory: %w", e.Err))
	}
	switch {
	case errors.Is(e.Err, syscall.ENOENT), errors.Is(e.Err, syscall.ENOTDIR):
		r.ExitCode, r.Stderr = 127, fmt.Sprintf("sandbox: %s: not found\n", e.Path)
	case errors.Is(e.Err, syscall.EAGAIN) && r.PidsLimited:
		r.ExitCode, r.Stderr = 126, fmt.Sprintf("sandbox: %s: the sandbox's limit of processes is reached\n", e.Path)
	case errors.Is(e.Err, syscall.E2BIG):
		return nil, s.fail("exec", "", tooLarge(e.Err))
	case errors.Is(e.Err, syscall.EACCES), errors.Is(e.Err, syscall.ENOEXEC), errors.Is(e.Err, syscall.EPERM), errors.Is(e.Err, syscall.EISDIR):
		r.ExitCode, r.Stderr = 126, fmt.Sprintf("sandbox: %s: %v\n", e.Path, e.Err)
	default:
		return nil, s.fail("exec", e.Path, e.Err)
	}
	return r, nil
}

// tooLarge gives the error of what execve(2) would not take its kind.
func tooLarge(err error) error {
	if errors.Is(err, syscall.E2BIG) {
		return fmt.Errorf("%w: arguments and environment are too large together: %w", ErrInvalid, err)
	}
	return err
}

// ended turns the end of the init into the sandbox's own error.
func ended(err error) error {
	if errors.Is(err, runtime.ErrEnded) {
		return because(ErrSandboxNotRunning, err)
	}
	return err
}

func fill(r *ExecResult, st runtime.Status) {
	r.ExitCode, r.UserTime, r.SystemTime, r.PeakMemory = st.ExitCode, st.User, st.System, st.PeakMemory
	if st.Signal != 0 {
		r.Signal = signalName(st.Signal)
	}
}

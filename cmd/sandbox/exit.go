// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sandbox-rls/sandbox"
)

// The exit codes that are not a command's own: of those that run one, as of
// timeout(1), env(1) and shells.
const (
	exitRefused  = 1 // by commands that run nothing: a conflict, or changes that would be lost
	exitTimedOut = 124
	exitFailed   = 125
	exitSignal   = 128 // + its number
)

// exitStatus ends the program with a code, and says nothing more.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// usageError is a command line that makes no sense.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// exitCode reports an error, in one line, and returns the code to exit with.
func (a *app) exitCode(cmd *cobra.Command, err error) int {
	var status exitStatus
	switch {
	case err == nil:
		return 0
	case errors.As(err, &status):
		return int(status)
	}
	fmt.Fprintln(a.stderr, "sandbox: "+oneLine(reason(cmd, err)))
	return exitFailed
}

// reason says what failed, why, and what to do.
func reason(cmd *cobra.Command, err error) string {
	var usage usageError
	var of *sandbox.Error
	switch {
	case errors.Is(err, sandbox.ErrUnsupported):
		// The report knows better why than the step that failed.
		if why := sandbox.Probe().Err(); why != nil {
			err = why
		}
		return err.Error() + " (sandbox doctor says more)"
	case errors.As(err, &usage) || strings.HasPrefix(err.Error(), "unknown command"):
		return err.Error() + "; see " + cmd.CommandPath() + " --help"
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.Is(err, fs.ErrNotExist) && !errors.As(err, &of):
		return err.Error() + "; give a directory that exists"
	}
	return err.Error()
}

// oneLine makes a line of a text: what is joined from several errors has more.
func oneLine(text string) string {
	return printable(strings.ReplaceAll(strings.TrimSpace(text), "\n", "; "))
}

// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// The exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
)

// app is the program with what it is connected to.
type app struct {
	stdin, stdout, stderr *os.File
}

// main runs a command line and returns the exit code.
func (a *app) main(ctx context.Context, args []string) int {
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	text := strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "; ")
	var usage usageError
	if errors.As(err, &usage) || strings.HasPrefix(text, "unknown command") {
		fmt.Fprintf(a.stderr, "sandboxd: %s; see %s --help\n", text, cmd.CommandPath())
		return exitUsage
	}
	fmt.Fprintf(a.stderr, "sandboxd: %s\n", text)
	return exitFailed
}

// usageError is a command line, or a setting, that makes no sense.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%q is one argument too many", args[0])
	}
	return nil
}

func (a *app) rootCommand() *cobra.Command {
	var s settings
	root := &cobra.Command{
		Use:   "sandboxd",
		Short: "Serve sandboxes by Connect, gRPC, gRPC-Web and REST",
		Long: `sandboxd serves sandboxes on one port: by Connect, gRPC, gRPC-Web and REST.

Codebases and sandboxes are kept in the state directory, and are there again when
the server is started anew, however it ended.`,
		Args:          noArguments,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.serve(cmd.Context(), &s)
		},
	}
	s.add(root.Flags())
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usageError{err} })
	return root
}

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

// lookup is where settings of the environment come from.
func lookup(name string) (string, bool) { return os.LookupEnv(name) }

func (a *app) rootCommand() *cobra.Command {
	var s settings
	root := &cobra.Command{
		Use:   "sandboxd",
		Short: "Serve sandboxes by Connect, gRPC, gRPC-Web and REST",
		Long: `sandboxd serves sandboxes on one port: by Connect, gRPC, gRPC-Web and REST.

Codebases and sandboxes are kept in the state directory, and are there again when
the server is started anew, however it ended.

On a loopback address or a Unix socket it asks for nothing unless there are tokens.
On any other it demands TLS, and tokens of its clients. It ends in order on SIGTERM
and SIGINT: commands that run may end, new ones are turned away.

Each flag can also be given by a variable of the environment (SANDBOXD_LISTEN for
--listen), or by a key of the file that --config names (listen). The flag wins, then
the environment, then the file.`,
		Example: `  sandboxd
  sandboxd --listen unix:/run/sandboxd.sock --socket-mode 0660
  sandboxd token create --owner alice
  sandboxd --listen :9000 --tls-cert cert.pem --tls-key key.pem`,
		Args:          noArguments,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := layer(cmd.Flags(), lookup); err != nil {
				return err
			}
			return a.serve(cmd.Context(), &s)
		},
	}
	s.add(root.Flags())
	root.AddCommand(a.tokenCommand(), a.versionCommand())
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usageError{err} })
	return root
}

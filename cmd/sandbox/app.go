// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"
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
	return a.exitCode(cmd, err)
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "sandbox",
		Short: "Run commands on a code tree, with a level for each path",
		Long: `sandbox runs commands on a real code tree in which each path has one of four levels:

  none    it does not exist
  view    it is listed, with its size and time, and cannot be read
  read    it can be read and executed
  write   it can be changed, and what is changed is kept beside the tree

The directory itself is never changed, nothing of your environment and no file
outside of it is seen, and there is no network unless you ask for it. Presets
are ready-made rules for the levels; the default is agent-safe: all can be read
but secrets and .git, and /output and /tmp can be written.

It needs no root, no daemon and no other program: "sandbox doctor" says whether
this machine has what it takes.`,
		Example: `  sandbox run . -- python3 main.py
  sandbox run --preset development --changes . -- make test
  sandbox run --rule write:/docs/** . -- sh -c 'date > docs/today'
  sandbox diff --preset full-access . -- sed -i s/foo/bar/g README.md
  sandbox shell .
  sandbox explain . .env src/main.py`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return cmd.Help()
		},
	}
	root.AddCommand(a.runCommand(), a.shellCommand(), a.presetsCommand(), a.explainCommand(), a.diffCommand(), a.doctorCommand(), a.versionCommand())
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usageError{err} })
	return root
}

// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"io"
	"os"

	"github.com/spf13/cobra"
)

// app is the program with what it is connected to.
type app struct {
	stdin, stdout, stderr *os.File
	out                   output // is stdout, for what is written line by line
	stateDir              string // by --state-dir
}

// output keeps the first error of what is written, for the end of the program.
type output struct {
	to  io.Writer
	err error
}

func (o *output) Write(b []byte) (int, error) {
	n, err := o.to.Write(b)
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// main runs a command line and returns the exit code.
func (a *app) main(ctx context.Context, args []string) int {
	a.out.to = a.stdout
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(&a.out)
	root.SetErr(a.stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		err = a.out.err
	}
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

The directory itself is not changed, nothing of your environment and no file
outside of it is seen, and there is no network unless you ask for it. Presets
are ready-made rules for the levels; the default is agent-safe: all can be read
but secrets and .git, and /output and /tmp can be written.

A sandbox of "run" goes with its command. One of "create" stays, with what was
changed in it, until it is removed: "exec" runs commands in it, "diff" shows what
they changed, "commit" carries that over to the directory, "discard" drops it.

It needs no root, no daemon and no other program: "sandbox doctor" says whether
this machine has what it takes.`,
		Example: `  sandbox run . -- python3 main.py
  sandbox run --preset development --changes . -- make test
  sandbox run --rule write:/docs/** . -- sh -c 'date > docs/today'
  sandbox diff --preset full-access . -- sed -i s/foo/bar/g README.md
  sandbox shell .
  sandbox explain . .env src/main.py

  sandbox create --name fix --preset development .
  sandbox exec fix -- ./agent "fix the tests"
  sandbox diff fix
  sandbox commit fix --path src
  sandbox rm --force fix`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return cmd.Help()
		},
	}
	group := func(id, title string, commands ...*cobra.Command) {
		root.AddGroup(&cobra.Group{ID: id, Title: title})
		for _, c := range commands {
			c.GroupID = id
			root.AddCommand(c)
		}
	}
	group("run", "Run something:", a.runCommand(), a.shellCommand(), a.diffCommand())
	group("kept", "Sandboxes that are kept:", a.createCommand(), a.execCommand(), a.listCommand(), a.changesCommand(), a.commitCommand(),
		a.discardCommand(), a.forkCommand(), a.removeCommand(), a.codebaseCommand())
	group("about", "Rules, and this machine:", a.presetsCommand(), a.explainCommand(), a.doctorCommand(), a.versionCommand())
	root.SetHelpCommandGroupID("about")
	root.SetCompletionCommandGroupID("about")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usageError{err} })
	return root
}

// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/sandbox-rls/sandbox"
)

func (a *app) importCommand() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "import [flags] DIR | -",
		Short: "Make a codebase of a directory or of a tar archive, and print its id",
		Long: `import makes a codebase of a directory, all of it, or, with -, of a tar archive
on standard input, which must not be compressed. It prints the codebase's id. What
cannot be taken over (devices, sockets, FIFOs, files that cannot be read) is warned
of, and left out.`,
		Example: `  sandbox codebase import ~/project
  git archive HEAD | sandbox codebase import --name web -`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return usagef("there is nothing to import: write %s DIR, or - for a tar archive on standard input", cmd.CommandPath())
			case len(args) > 1:
				return usagef("%q is one argument too many", args[1])
			case args[0] == "-":
				return nil
			}
			return aDirectory(args[0])
		},
		ValidArgsFunction: directories,
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] == "-" && isTerminal(a.stdin) {
				return usagef("there is no archive on standard input: it is a terminal")
			}
			return a.inState(cmd.Context(), func(ctx context.Context, m *sandbox.Manager, _ *relay) error {
				return a.importCodebase(ctx, m, args[0], name)
			})
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "the codebase's `name` (default: that of the directory)")
	_ = cmd.RegisterFlagCompletionFunc("name", words())
	a.addStateFlag(cmd)
	return cmd
}

func (a *app) importCodebase(ctx context.Context, m *sandbox.Manager, from, name string) error {
	defer a.patience("importing " + oneLine(from))()
	req := sandbox.CreateCodebaseRequest{Name: name}
	c, err := a.importFrom(ctx, m, from, req)
	if err != nil {
		return err
	}
	var warnings []string
	for _, s := range c.Skipped {
		warnings = append(warnings, fmt.Sprintf("left out: %s: %v", s.Path, s.Err))
	}
	a.warn(warnings)
	a.printID(c.ID)
	return nil
}

func (a *app) importFrom(ctx context.Context, m *sandbox.Manager, from string, req sandbox.CreateCodebaseRequest) (*sandbox.Codebase, error) {
	if from != "-" {
		if req.Name == "" {
			path, err := filepath.Abs(from)
			if err != nil {
				return nil, err
			}
			req.Name = filepath.Base(path)
		}
		return m.ImportDirectory(ctx, from, req)
	}
	c, err := m.CreateCodebase(ctx, req)
	if err != nil {
		return nil, err
	}
	full, err := m.ImportTar(ctx, c.ID, bufio.NewReader(a.stdin))
	if err != nil {
		_ = m.DeleteCodebase(context.WithoutCancel(ctx), c.ID)
	}
	return full, err
}

func (a *app) exportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export [flags] ID [FILE | -]",
		Short: "Write a codebase as a tar archive",
		Long: `export writes a codebase as a tar archive, in the pax format: to FILE, or, without
one or with -, to standard output. What was changed in sandboxes and is not in the
codebase yet is not in it.`,
		Example: `  sandbox codebase export web web.tar
  sandbox codebase export web | tar -xf - -C /tmp/web`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return usagef("there is no codebase: write %s ID [FILE]", cmd.CommandPath())
			case len(args) > 2:
				return usagef("%q is one argument too many", args[2])
			}
			return nil
		},
		ValidArgsFunction: a.codebaseIDs(false),
		RunE: func(cmd *cobra.Command, args []string) error {
			file := "-"
			if len(args) == 2 {
				file = args[1]
			}
			if file == "-" && isTerminal(a.stdout) {
				return usagef("an archive is not for a terminal: give a FILE, or redirect standard output")
			}
			return a.inState(cmd.Context(), func(ctx context.Context, m *sandbox.Manager, _ *relay) error {
				c, err := findCodebase(ctx, m, args[0])
				if err != nil {
					return err
				}
				export := func(w io.Writer) error { return m.ExportTar(ctx, c.ID, w) }
				if file == "-" {
					return buffered(a.stdout, export)
				}
				return writeFile(file, export)
			})
		},
	}
	a.addStateFlag(cmd)
	return cmd
}

func buffered(to io.Writer, write func(io.Writer) error) error {
	out := bufio.NewWriterSize(to, 64<<10)
	if err := write(out); err != nil {
		return err
	}
	return out.Flush()
}

// writeFile writes a file that appears whole, or not at all.
func writeFile(path string, write func(io.Writer) error) error {
	if fi, err := os.Stat(path); err == nil && !fi.Mode().IsRegular() { // a device or FIFO is written to
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		return buffered(f, write)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // unless it has been renamed
	if err = buffered(f, write); err == nil {
		err = f.Chmod(0o644)
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

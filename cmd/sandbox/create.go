// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sandbox-rls/sandbox"
)

// keepFlags say how a sandbox that is kept is found again, and for how long.
type keepFlags struct {
	name    string
	labels  []string
	expires time.Duration
}

// keepNames are the names of those flags.
var keepNames = []string{"name", "label", "expires"}

func (f *keepFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.name, "name", "", "a `name` for the sandbox, to be used in place of its id")
	fs.StringArrayVar(&f.labels, "label", nil, "attach a label, `KEY=VALUE`, for sandbox ls --label")
	fs.DurationVar(&f.expires, "expires", 0, "remove the sandbox after this `time`, such as 24h, whatever it holds then")
	for _, name := range keepNames {
		_ = cmd.RegisterFlagCompletionFunc(name, words())
	}
}

// all are the labels that the flags ask for, the name among them.
func (f *keepFlags) all() (map[string]string, error) {
	labels, err := parseLabels(f.labels)
	if err != nil {
		return nil, err
	}
	if f.name != "" {
		labels[nameLabel] = f.name
	}
	name, ok := labels[nameLabel]
	switch {
	case f.expires < 0:
		return nil, usagef("--expires is negative")
	case ok && !validName(name):
		return nil, usagef("%q is no name for a sandbox: it is of letters, digits, '_', '.' and '-', begins with a letter or digit, and not as an id does", name)
	}
	return labels, nil
}

func parseLabels(list []string) (map[string]string, error) {
	labels := map[string]string{}
	for _, text := range list {
		key, value, ok := strings.Cut(text, "=")
		if !ok || key == "" {
			return nil, usagef("label %q: write KEY=VALUE", text)
		}
		labels[key] = value
	}
	return labels, nil
}

func validName(name string) bool {
	if name == "" || len(name) > 64 || strings.HasPrefix(name, "sb_") || strings.HasPrefix(name, "cb_") || strings.ContainsRune("_.-", rune(name[0])) {
		return false
	}
	return strings.IndexFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_.-", r))
	}) < 0
}

// prepare checks that the name is free, and returns the labels.
func (f *keepFlags) prepare(ctx context.Context, m *sandbox.Manager) (map[string]string, error) {
	labels, err := f.all()
	if err != nil || labels[nameLabel] == "" {
		return labels, err
	}
	others, err := listSandboxes(ctx, m, sandbox.ListSandboxesRequest{Labels: map[string]string{nameLabel: labels[nameLabel]}})
	if err == nil && len(others) > 0 {
		err = fmt.Errorf("there is a sandbox named %q already: %s", labels[nameLabel], others[0].ID)
	}
	return labels, err
}

// options are those of the sandbox.
func (f *keepFlags) options(ctx context.Context, m *sandbox.Manager) ([]sandbox.Option, error) {
	labels, err := f.prepare(ctx, m)
	if err != nil {
		return nil, err
	}
	return []sandbox.Option{sandbox.WithLabels(labels), sandbox.WithExpiry(f.expires)}, nil
}

func (a *app) createCommand() *cobra.Command {
	var f makeFlags
	var k keepFlags
	var codebase string
	cmd := &cobra.Command{
		Use:   "create [flags] DIR | --codebase ID",
		Short: "Make a sandbox that is kept, and print its id",
		Long: `create makes a sandbox of a directory, or of a codebase, and keeps it: what
commands change in it is there for the next one, until it is removed. It prints
the sandbox's id. Nothing is run.

Of a directory that hides something from the sandbox a snapshot is taken: what is
changed in the directory later is not seen. The rules, limits and network that
are given here are those of all commands of "sandbox exec".`,
		Example: `  id=$(sandbox create --preset development .)
  sandbox create --name fix --label ticket=42 --preset development ~/project
  sandbox create --codebase web --memory 1G
  sandbox exec fix -- make test`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case codebase != "" && len(args) > 0:
				return usagef("both a directory and a codebase: give one of them")
			case codebase != "":
				return nil
			case len(args) == 0:
				return usagef("there is no directory: write %s DIR, or %s --codebase ID", cmd.CommandPath(), cmd.CommandPath())
			case len(args) > 1:
				return usagef("%q is one argument too many: sandbox exec runs commands in it", args[1])
			}
			return aDirectory(args[0])
		},
		ValidArgsFunction: directories,
		RunE: func(cmd *cobra.Command, args []string) error {
			if codebase != "" && f.live {
				return usagef("--live is for directories")
			}
			return a.create(cmd.Context(), &f, &k, codebase, args)
		},
	}
	f.add(cmd)
	k.add(cmd)
	a.addStateFlag(cmd)
	cmd.Flags().StringVar(&codebase, "codebase", "", "make it of this codebase instead of a directory: its `ID`, or name")
	_ = cmd.RegisterFlagCompletionFunc("codebase", a.codebaseFlag)
	return cmd
}

// codebaseFlag completes the flag --codebase.
func (a *app) codebaseFlag(cmd *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
	return a.codebaseIDs(true)(cmd, nil, word)
}

func (a *app) create(ctx context.Context, f *makeFlags, k *keepFlags, codebase string, args []string) error {
	opts, warnings, err := f.options()
	if err != nil {
		return err
	}
	if _, err := k.all(); err != nil {
		return err
	}
	a.warn(warnings)
	return a.inState(ctx, func(ctx context.Context, m *sandbox.Manager, _ *relay) error {
		more, err := k.options(ctx, m)
		if err != nil {
			return err
		}
		opts = append(append(opts, more...), sandbox.WithAutoStart(false))
		sb, err := a.make(ctx, m, codebase, args, opts)
		if err != nil {
			return err
		}
		a.printID(sb.ID())
		return nil
	})
}

// make makes a sandbox of a codebase, if that is given, or of a directory.
func (a *app) make(ctx context.Context, m *sandbox.Manager, codebase string, args []string, opts []sandbox.Option) (*sandbox.Sandbox, error) {
	if codebase == "" {
		defer a.patience("copying " + oneLine(args[0]))()
		return m.FromLocal(ctx, args[0], opts...)
	}
	c, err := findCodebase(ctx, m, codebase)
	if err != nil {
		return nil, err
	}
	return m.FromCodebase(ctx, c.ID, opts...)
}

// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/runtime/bwrap"
)

// sandboxFlags are the flags of the commands that run something in a new sandbox.
type sandboxFlags struct {
	makeFlags
	commandFlags
}

// makeFlags say what a sandbox is to be like.
type makeFlags struct {
	policyFlags
	limitFlags
	runtime string
	live    bool
	network string
}

// commandFlags say how a command is to run.
type commandFlags struct {
	timeout time.Duration
	env     []string
	dir     string
}

// runtimes are those that this program has.
var runtimes = []string{"native", "bwrap"}

func (f *sandboxFlags) add(cmd *cobra.Command) {
	f.makeFlags.add(cmd)
	f.commandFlags.add(cmd)
}

func (f *makeFlags) add(cmd *cobra.Command) {
	f.policyFlags.add(cmd)
	f.limitFlags.add(cmd)
	fs := cmd.Flags()
	fs.StringVar(&f.runtime, "runtime", runtimes[0], "what runs the sandbox: "+strings.Join(runtimes, ", "))
	fs.BoolVar(&f.live, "live", false, "use the directory itself instead of a snapshot, for trees that nobody else changes")
	fs.StringVar(&f.network, "network", string(sandbox.NetworkNone), "none, or host for the network of this machine")
	_ = cmd.RegisterFlagCompletionFunc("runtime", words(runtimes...))
	_ = cmd.RegisterFlagCompletionFunc("network", words(string(sandbox.NetworkNone), string(sandbox.NetworkHost)))
}

func (f *commandFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.DurationVar(&f.timeout, "timeout", 0, "end the command, with all its processes, after this `time`, such as 30s or 5m (exit code 124)")
	fs.StringArrayVarP(&f.env, "env", "e", nil, "set `NAME=VALUE` in the command's environment, or with NAME alone pass your own value on; nothing else of yours is seen")
	fs.StringVarP(&f.dir, "dir", "C", "", "working `directory` of the command, in the tree")
	_ = cmd.RegisterFlagCompletionFunc("timeout", words())
	_ = cmd.RegisterFlagCompletionFunc("env", words())
}

// words completes a flag with these, and no files.
func words(list ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(list, cobra.ShellCompDirectiveNoFileComp)
}

// options are those of the sandbox.
func (f *makeFlags) options() ([]sandbox.Option, []string, error) {
	if !slices.Contains(runtimes, f.runtime) {
		return nil, nil, usagef("unknown runtime %q: this program has %s", f.runtime, strings.Join(runtimes, ", "))
	}
	if f.network != string(sandbox.NetworkNone) && f.network != string(sandbox.NetworkHost) {
		return nil, nil, usagef("unknown network %q: want none or host", f.network)
	}
	rules, warnings, err := f.collect()
	if err != nil {
		return nil, nil, err
	}
	limits, err := f.limits()
	if err != nil {
		return nil, nil, err
	}
	opts := []sandbox.Option{sandbox.WithRules(rules...), sandbox.WithNetwork(sandbox.Network(f.network)), sandbox.WithResources(limits)}
	if f.runtime == "bwrap" {
		// It ends with the program.
		rt := bwrap.New()
		if note := rt.Note(); note != "" {
			warnings = append(warnings, note)
		}
		opts = append(opts, sandbox.WithRuntime(rt))
	}
	if f.live {
		opts = append(opts, sandbox.WithLive())
	}
	return opts, warnings, nil
}

// prepare turns the flags into what a sandbox and its command are made with,
// and says what is odd about them.
func (a *app) prepare(f *sandboxFlags, argv []string) ([]sandbox.Option, sandbox.ExecRequest, error) {
	opts, warnings, err := f.options()
	if err != nil {
		return nil, sandbox.ExecRequest{}, err
	}
	req, err := f.request(argv)
	if err != nil {
		return nil, req, err
	}
	a.warn(warnings)
	req.Stdin = a.stdin
	return opts, req, nil
}

// environment is what the flags ask for.
func (f *commandFlags) environment() (map[string]string, error) {
	env := map[string]string{}
	for _, e := range f.env {
		name, value, ok := strings.Cut(e, "=")
		if name == "" {
			return nil, usagef("--env %q: there is no name", e)
		}
		if !ok {
			if value, ok = os.LookupEnv(name); !ok {
				continue
			}
		}
		env[name] = value
	}
	return env, nil
}

// request is the command that is to run.
func (f *commandFlags) request(argv []string) (sandbox.ExecRequest, error) {
	if f.timeout < 0 {
		return sandbox.ExecRequest{}, usagef("the timeout is negative")
	}
	req := sandbox.ExecRequest{Argv: argv, Dir: f.dir, Timeout: f.timeout}
	var err error
	if req.Env, err = f.environment(); err != nil {
		return req, err
	}
	if err := req.Validate(); err != nil {
		return req, usageError{err}
	}
	return req, nil
}

// split parts the arguments of a command that runs another in a sandbox of a
// directory: DIR -- COMMAND.
func split(cmd *cobra.Command, args []string) (dir string, argv []string, err error) {
	if dir, argv, err = splitAt(cmd, args, "DIR", "directory"); err != nil {
		return "", nil, err
	}
	return dir, argv, aDirectory(dir)
}

// splitAt parts the arguments of a command that runs another: WHERE -- COMMAND.
func splitAt(cmd *cobra.Command, args []string, where, what string) (at string, argv []string, err error) {
	dash := cmd.ArgsLenAtDash()
	form := cmd.CommandPath() + " " + where + " -- COMMAND [ARG]..."
	switch {
	case len(args) == 0:
		return "", nil, usagef("there is no %s: write %s", what, form)
	case dash < 0 && len(args) > 1:
		return "", nil, usagef("there is no -- between the %s and the command: write %s", what, form)
	case dash == 0:
		return "", nil, usagef("there is no %s before --: write %s", what, form)
	case dash > 1:
		return "", nil, usagef("%q is one %s too many: write %s", args[1], what, form)
	case len(args) == 1:
		return "", nil, usagef("there is no command: write %s", form)
	}
	return args[0], args[1:], nil
}

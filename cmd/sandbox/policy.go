// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sandbox-rls/sandbox"
)

// noPreset stands for no preset at all.
const noPreset = "none"

// policyFlags are the flags that make the rules.
type policyFlags struct {
	preset string
	rules  []string
}

func (f *policyFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVarP(&f.preset, "preset", "p", sandbox.DefaultPreset, `rules to begin with; "none" for none, so that what no --rule speaks of is hidden`)
	fs.StringArrayVarP(&f.rules, "rule", "r", nil, "add a rule, `LEVEL[@PRIORITY]:PATTERN`, such as write:/docs/** (see sandbox explain --help)")
	_ = cmd.RegisterFlagCompletionFunc("preset", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return append(describedPresets(), noPreset+"\tno rules but those given"), cobra.ShellCompDirectiveNoFileComp
	})
	_ = cmd.RegisterFlagCompletionFunc("rule", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return []string{"none:", "view:", "read:", "write:"}, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	})
}

// collect returns the rules, and what is to be warned of.
func (f *policyFlags) collect() ([]sandbox.Rule, []string, error) {
	var rules []sandbox.Rule
	if f.preset != noPreset {
		base, err := sandbox.GetPreset(f.preset)
		if err != nil {
			return nil, nil, usageError{err}
		}
		rules = base
	}
	given := len(rules)
	for _, text := range f.rules {
		rule, err := parseRule(text)
		if err != nil {
			return nil, nil, err
		}
		rules = append(rules, rule)
	}
	if len(rules) == 0 {
		return nil, nil, usagef("there are no rules: with --preset none, give at least one --rule")
	}
	all, err := sandbox.ValidateRules(rules)
	if err != nil {
		return nil, nil, usageError{err}
	}
	var warnings []string
	for _, w := range all {
		if w.Index >= given { // those of presets are as they are meant to be
			warnings = append(warnings, fmt.Sprintf("rule %q: %s", f.rules[w.Index-given], w.Message))
		}
	}
	return rules, warnings, nil
}

// warn writes warnings, one a line.
func (a *app) warn(warnings []string) {
	for _, w := range warnings {
		fmt.Fprintln(a.stderr, a.styleOf(a.stderr).yellow("sandbox: warning:"), oneLine(w))
	}
}

// aDirectory checks the argument DIR.
func aDirectory(dir string) error {
	if dir == "" || strings.ContainsRune(dir, 0) {
		return usagef("not the name of a directory: %q", dir)
	}
	fi, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if !fi.IsDir() {
		return usagef("%s is not a directory", dir)
	}
	return nil
}

// directories completes the argument DIR.
func directories(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return nil, cobra.ShellCompDirectiveFilterDirs
}

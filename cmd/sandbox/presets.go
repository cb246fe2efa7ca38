// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sandbox-rls/sandbox"
)

// descriptions say what the built-in presets are for.
var descriptions = map[string]string{
	"agent-safe":  "read all, write /output and /tmp, hide secrets and .git",
	"development": "read and write all but secrets",
	"full-access": "read and write all",
	"read-only":   "read all",
	"view-only":   "names, sizes and times, no content",
}

// describedPresets are the presets as completion shows them.
func describedPresets() []string {
	var list []string
	for _, name := range sandbox.ListPresets() {
		list = append(list, name+"\t"+descriptions[name])
	}
	return list
}

func (a *app) presetsCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "presets [NAME]",
		Short: "List the presets, or the rules of one",
		Long: `presets lists the ready-made rules that --preset takes, or, with NAME, the rules
of one. Of the rules that match a path the one with the highest priority decides;
then the more specific pattern; then the later one.`,
		Example: `  sandbox presets
  sandbox presets agent-safe
  sandbox presets development --json`,
		Args: atMostOneArgument,
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return describedPresets(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return a.listPresets(asJSON)
			}
			return a.showPreset(args[0], asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

func (a *app) listPresets(asJSON bool) error {
	type preset struct {
		Name        string         `json:"name"`
		Description string         `json:"description"`
		Default     bool           `json:"default"`
		Rules       []sandbox.Rule `json:"rules"`
	}
	var list []preset
	for _, name := range sandbox.ListPresets() {
		rules, err := sandbox.GetPreset(name)
		if err != nil {
			return err
		}
		list = append(list, preset{name, descriptions[name], name == sandbox.DefaultPreset, rules})
	}
	if asJSON {
		return a.writeJSON(list)
	}
	s := a.styleOf(a.stdout)
	for _, p := range list {
		note := ""
		if p.Default {
			note = s.dim(" (the default)")
		}
		fmt.Fprintf(&a.out, "%s  %s%s\n", s.bold(fmt.Sprintf("%-11s", p.Name)), p.Description, note)
	}
	return nil
}

func (a *app) showPreset(name string, asJSON bool) error {
	rules, err := sandbox.GetPreset(name)
	if err != nil {
		return usageError{err}
	}
	if asJSON {
		return a.writeJSON(rules)
	}
	s := a.styleOf(a.stdout)
	fmt.Fprintln(&a.out, s.bold("priority  level  pattern"))
	for _, r := range rules {
		fmt.Fprintf(&a.out, "%8d  %s  %s\n", r.Priority, s.level(r.Permission), r.Pattern)
	}
	return nil
}

// level is a level in its colour, five characters wide.
func (s style) level(p sandbox.Permission) string {
	text := fmt.Sprintf("%-5s", p)
	switch p {
	case sandbox.None:
		return s.red(text)
	case sandbox.View:
		return s.yellow(text)
	case sandbox.Write:
		return s.green(text)
	}
	return text
}

// writeJSON writes one value, indented.
func (a *app) writeJSON(v any) error {
	enc := json.NewEncoder(a.stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

func atMostOneArgument(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usagef("%q is one argument too many", args[1])
	}
	return nil
}

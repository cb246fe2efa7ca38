// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sandbox-rls/sandbox"
	"github.com/sandbox-rls/sandbox/fsguard"
)

func (a *app) explainCommand() *cobra.Command {
	var policy policyFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "explain [flags] DIR PATH...",
		Short: "Say which level a path has, and which rule gives it",
		Long: `explain says, for each path of a directory, which level it has in a sandbox of
the same flags, which rule decides that, and which rules that one beats. Paths
are those beneath DIR, with or without a slash in front, or those that begin
with DIR. They need not exist. Nothing is run.

A rule is LEVEL:PATTERN, LEVEL being none, view, read or write. In patterns, *
stands for any characters but a slash, ? for one, [a-z] for one of a class,
{a,b} for one of several, and ** for any number of directories. "*.key" speaks
of the top directory, "**/*.key" of all, and "/docs/**" of /docs and all beneath.

Of the rules that match a path the one with the highest priority decides; then
the more specific pattern; then the later one. A rule of --rule has the priority
0 unless it says otherwise (LEVEL@PRIORITY:PATTERN). In presets, what is granted
has 10 and what is kept secret 100: write:/src/** leaves /src/.env hidden, and
none@20:/output/private takes back a part of what agent-safe lets be written.`,
		Example: `  sandbox explain . src/main.py .env
  sandbox explain --preset development --rule read:/vendor/** . vendor/x/y.go
  sandbox explain . $(git ls-files)`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usagef("give a directory and at least one path of it")
			}
			return aDirectory(args[0])
		},
		ValidArgsFunction: directories,
		RunE: func(cmd *cobra.Command, args []string) error {
			rules, warnings, err := policy.collect()
			if err != nil {
				return err
			}
			a.warn(warnings)
			return a.explain(rules, args[0], args[1:], asJSON)
		},
	}
	policy.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

// decision is what explain says of one path.
type decision struct {
	Path       string             `json:"path"`
	Permission sandbox.Permission `json:"permission"`
	Exists     bool               `json:"exists"`
	Rule       *sandbox.Rule      `json:"rule"` // null: none matches
	Beaten     []sandbox.Rule     `json:"beaten"`
}

func (a *app) explain(rules []sandbox.Rule, dir string, names []string, asJSON bool) error {
	policy, err := fsguard.Compile(rules)
	if err != nil {
		return usageError{err}
	}
	list := []decision{}
	for _, name := range names {
		if strings.ContainsRune(name, 0) {
			return usagef("a NUL byte in the path %q", name)
		}
		inside, err := beneath(dir, name)
		if err != nil {
			return err
		}
		d := policy.Decide(inside)
		list = append(list, decision{d.Path, d.Permission, exists(filepath.Join(dir, d.Path)), d.Rule, append([]sandbox.Rule{}, d.Beaten...)})
	}
	if asJSON {
		return a.writeJSON(list)
	}
	s := a.styleOf(a.stdout)
	for _, d := range list {
		note := ""
		if !d.Exists {
			note = s.dim(" (there is none)")
		}
		fmt.Fprintf(&a.out, "%s %s%s\n", s.level(d.Permission), printable(d.Path), note)
		switch {
		case d.Rule != nil:
			fmt.Fprintf(&a.out, "      by %s\n", describe(*d.Rule))
		case d.Path == "/":
			fmt.Fprintf(&a.out, "      the root is always there\n")
		default:
			fmt.Fprintf(&a.out, "      no rule matches\n")
		}
		for _, r := range d.Beaten {
			fmt.Fprintln(&a.out, s.dim("      not "+describe(r)))
		}
	}
	return nil
}

// describe writes a rule as --rule takes it.
func describe(r sandbox.Rule) string {
	priority := ""
	if r.Priority != 0 {
		priority = fmt.Sprintf("@%d", r.Priority)
	}
	return fmt.Sprintf("%s%s:%s", r.Permission, priority, printable(r.Pattern))
}

// beneath turns a path that a user gives into one of the workspace. A path of
// the host that leads into the directory is taken for what it leads to.
func beneath(dir, name string) (string, error) {
	top, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	full, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	inside, ok := strings.CutPrefix(full+"/", strings.TrimSuffix(top, "/")+"/")
	climbs := name == ".." || strings.HasPrefix(name, "../")
	switch {
	case ok && (climbs || filepath.IsAbs(name) || !exists(filepath.Join(dir, name)) && exists(name)):
		return path.Clean("/" + inside), nil
	case climbs:
		return "", usagef("%s leads out of %s", name, dir)
	}
	clean := path.Clean("/" + name)
	if rest, ok := strings.CutPrefix(clean+"/", sandbox.Workspace+"/"); ok {
		clean = path.Clean("/" + rest)
	}
	return clean, nil
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

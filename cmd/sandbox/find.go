// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sandbox-rls/sandbox"
)

// nameLabel is the label that holds the name of a sandbox.
const nameLabel = "name"

// The sizes of ids as they are shown and taken, without their kind. The first
// twelve digits are the time, in milliseconds.
const (
	shownDigits = 12
	leastDigits = 4
)

// named is something that a user may mean by a word.
type named struct{ id, name string }

// called is what the user calls it best.
func (n named) called() string {
	if n.name != "" {
		return n.name
	}
	return n.id
}

// full is the name and the id.
func (n named) full() string {
	if n.name != "" {
		return n.name + " (" + n.id + ")"
	}
	return n.id
}

func nameOf(i *sandbox.Info) named { return named{i.ID, i.Labels[nameLabel]} }

func nameOfCodebase(c *sandbox.Codebase) named { return named{c.ID, c.Name} }

// pick finds what is meant by a word: an id, a name, or the beginning of an id, of
// which "sb_" may be left out. what is "sandbox" or "codebase".
func pick[T any](what, word string, all []T, names func(*T) named) (*T, error) {
	lister := "sandbox ls"
	if what == "codebase" {
		lister = "sandbox codebase ls"
	}
	var byName, byPrefix []*T
	for i := range all {
		n := names(&all[i])
		kind, digits, _ := strings.Cut(n.id, "_")
		given := strings.TrimPrefix(word, kind+"_")
		switch {
		case n.id == word:
			return &all[i], nil
		case n.name != "" && n.name == word:
			byName = append(byName, &all[i])
		case given != "" && strings.HasPrefix(digits, given):
			byPrefix = append(byPrefix, &all[i])
		}
	}
	_, given, ok := strings.Cut(word, "_")
	if !ok {
		given = word
	}
	switch {
	case len(byName) == 1:
		return byName[0], nil
	case len(byName) > 1:
		return nil, fmt.Errorf("%d %ss are named %q: %s; give an id", len(byName), what, word, some(byName, names))
	case len(byPrefix) > 0 && len(given) < leastDigits:
		return nil, fmt.Errorf("%q is too short for the beginning of an id: give %d digits or more (%s lists ids)", word, leastDigits, lister)
	case len(byPrefix) == 1:
		return byPrefix[0], nil
	case len(byPrefix) > 1:
		return nil, fmt.Errorf("%q is the beginning of %d ids: %s; give more of it", word, len(byPrefix), some(byPrefix, names))
	}
	return nil, fmt.Errorf("no %s has the id or the name %q (%s lists them)", what, word, lister)
}

// some names the first few.
func some[T any](list []*T, names func(*T) named) string {
	var words []string
	for i, t := range list {
		if i == 3 {
			words = append(words, "…")
			break
		}
		words = append(words, names(t).id)
	}
	return strings.Join(words, ", ")
}

// listSandboxes lists all pages.
func listSandboxes(ctx context.Context, svc sandbox.Service, req sandbox.ListSandboxesRequest) (all []sandbox.Info, err error) {
	req.PageSize = sandbox.MaxPageSize
	for {
		page, err := svc.ListSandboxes(ctx, req)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Sandboxes...)
		if req.PageToken = page.NextPageToken; req.PageToken == "" {
			return all, nil
		}
	}
}

// listCodebases lists all pages.
func listCodebases(ctx context.Context, svc sandbox.Service) (all []sandbox.Codebase, err error) {
	req := sandbox.ListCodebasesRequest{PageSize: sandbox.MaxPageSize}
	for {
		page, err := svc.ListCodebases(ctx, req)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Codebases...)
		if req.PageToken = page.NextPageToken; req.PageToken == "" {
			return all, nil
		}
	}
}

func findSandbox(ctx context.Context, m *sandbox.Manager, word string) (*sandbox.Info, error) {
	all, err := listSandboxes(ctx, m, sandbox.ListSandboxesRequest{})
	if err != nil {
		return nil, err
	}
	return pick("sandbox", word, all, nameOf)
}

func findCodebase(ctx context.Context, m *sandbox.Manager, word string) (*sandbox.Codebase, error) {
	all, err := listCodebases(ctx, m)
	if err != nil {
		return nil, err
	}
	return pick("codebase", word, all, nameOfCodebase)
}

// shortID is the beginning of an id that no other of a list has, as it is shown.
func shortID(id string, all []string) string {
	kind, digits, _ := strings.Cut(id, "_")
	n := min(shownDigits, len(digits))
	for n < len(digits) && slices.ContainsFunc(all, func(o string) bool {
		return o != id && strings.HasPrefix(o, kind+"_"+digits[:n])
	}) {
		n++
	}
	return kind + "_" + digits[:n]
}

// isDirectory tells the directory DIR from the sandbox ID.
func isDirectory(word string) bool {
	fi, err := os.Stat(word)
	return err == nil && fi.IsDir()
}

// sandboxIDs completes sandboxes: any number of them if many.
func (a *app) sandboxIDs(many bool) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if !many && len(args) > 0 {
			return nil, cobra.ShellCompDirectiveDefault // of a command
		}
		return a.completions(cmd.Context(), args, func(ctx context.Context, m *sandbox.Manager) ([]string, error) {
			all, err := listSandboxes(ctx, m, sandbox.ListSandboxesRequest{})
			return candidates(all, nameOf, func(i *sandbox.Info) string { return string(i.Status) + ", of " + origin(i) }), err
		})
	}
}

// codebaseIDs completes codebases: any number of them if many.
func (a *app) codebaseIDs(many bool) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if !many && len(args) > 0 {
			return nil, cobra.ShellCompDirectiveDefault // a file
		}
		return a.completions(cmd.Context(), args, func(ctx context.Context, m *sandbox.Manager) ([]string, error) {
			all, err := listCodebases(ctx, m)
			ids := func(c *sandbox.Codebase) named { return named{id: c.ID} } // names may be those of several
			return candidates(all, ids, func(c *sandbox.Codebase) string { return c.Name }), err
		})
	}
}

// candidates makes completions of a list.
func candidates[T any](all []T, names func(*T) named, about func(*T) string) []string {
	var ids, list []string
	for i := range all {
		ids = append(ids, names(&all[i]).id)
	}
	for i := range all {
		n := names(&all[i])
		n.id = shortID(n.id, ids)
		list = append(list, n.called()+"\t"+oneLine(about(&all[i])))
	}
	return list
}

// completions looks into the state directory, if it is there and nobody has it.
func (a *app) completions(ctx context.Context, args []string, list func(context.Context, *sandbox.Manager) ([]string, error)) ([]string, cobra.ShellCompDirective) {
	const none = cobra.ShellCompDirectiveNoFileComp
	path, err := a.statePath()
	if err != nil || !isDirectory(path) {
		return nil, none
	}
	m, err := sandbox.NewManager(sandbox.Config{StateDir: path})
	if err != nil {
		return nil, none
	}
	defer m.Close()
	words, err := list(ctx, m)
	if err != nil {
		return nil, none
	}
	return slices.DeleteFunc(words, func(w string) bool {
		word, _, _ := strings.Cut(w, "\t")
		return slices.Contains(args, word)
	}), none
}

// origin is what a sandbox was made of.
func origin(i *sandbox.Info) string {
	if i.CodebaseID != "" {
		return i.CodebaseID
	}
	return i.Source
}

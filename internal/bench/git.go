// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os/exec"

	"github.com/sandbox-rls/sandbox"
)

func measureGit(l *lab) (Section, error) {
	s := Section{
		Title:   "git status",
		About:   "In a repository with one commit, preset development, under which git can be used. `GIT_OPTIONAL_LOCKS=0` keeps it from writing its index anew.",
		Columns: comparisonColumns,
	}
	if _, err := exec.LookPath("git"); err != nil {
		s.About += " git is not installed here."
		return s, nil
	}
	for _, files := range l.sizes.trees[1:] {
		row, err := l.gitStatus(files)
		if err != nil {
			return s, err
		}
		s.Rows = append(s.Rows, row)
	}
	return s, nil
}

func (l *lab) gitStatus(files int) (Row, error) {
	dir := l.path(fmt.Sprintf("repository-%d", files))
	if err := makeTree(dir, files); err != nil {
		return Row{}, err
	}
	// Without the keys, since what is hidden would be shown as deleted.
	commit := "find . -name '*.key' -delete && git init -q . && git add -A && git -c user.name=bench -c user.email=bench@localhost commit -qm all"
	if _, err := l.host.run(dir, "/bin/sh", "-c", commit); err != nil {
		return Row{}, err
	}
	sb, err := l.m.FromLocal(l.ctx, dir, sandbox.WithPreset("development"))
	if err != nil {
		return Row{}, err
	}
	defer sb.Close()
	// The index knows the files of the repository, not those of a copy.
	if _, err := output(l.ctx, sb, "git status >/dev/null"); err != nil {
		return Row{}, err
	}
	return l.compare(comparison{
		name: fmt.Sprintf("`git status`, %d files", files), command: "GIT_OPTIONAL_LOCKS=0 git status >/dev/null",
		most: 1.3, n: l.sizes.samplesFor(files), repeat: max(1, min(5, 50_000/files)),
	}, dir, sb)
}

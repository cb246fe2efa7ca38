// SPDX-License-Identifier: MIT

package engine

import (
	"errors"
	"io/fs"
	"os"
	"slices"

	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// missing are the directories that the sandbox was given since its rules let it
// write in them, that a directory does not have, and in which something is to be
// put. The sandbox did not make them: they are among its lower layers, and no
// change.
func (w *Workspace) missing(target string, changes []delta.Change) ([]delta.Change, error) {
	given := w.given()
	if len(given) == 0 {
		return nil, nil
	}
	root, err := os.OpenRoot(target)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	upper, err := os.OpenRoot(w.Upper())
	if err != nil {
		return nil, err
	}
	defer upper.Close()
	done := map[string]bool{}
	for _, c := range changes {
		done[c.Path] = true
	}
	var list []delta.Change
	for _, c := range changes {
		if c.Kind == delta.Deleted || c.Path == "/" {
			continue
		}
		for dir, _ := tree.Split(c.Path); dir != "/" && !done[dir]; dir, _ = tree.Split(dir) {
			done[dir] = true
			if _, err := root.Lstat(relative(dir)); !given[dir] || !errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if fi, err := upper.Lstat(relative(dir)); err == nil && fi.IsDir() {
				list = append(list, delta.Change{Path: dir, Kind: delta.Added, Mode: fi.Mode(), ModTime: fi.ModTime().UnixNano()})
			}
		}
	}
	return list, nil
}

// given are the directories that rules let be written in, with those above them.
func (w *Workspace) given() map[string]bool {
	given := map[string]bool{}
	for _, dir := range w.Policy.WritePrefixes() {
		for ; dir != "/" && !given[dir]; dir, _ = tree.Split(dir) {
			given[dir] = true
		}
	}
	return given
}

// in reports whether a path is that of a change.
func in(list []delta.Change, path string) bool {
	return slices.ContainsFunc(list, func(c delta.Change) bool { return c.Path == path })
}

// SPDX-License-Identifier: MIT

package codebase

import (
	"io/fs"
	"slices"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// item is one name of a layer.
type item struct {
	tree.Entry
	seq      uint64 // the object of a regular file
	whiteout bool
}

// wholeItems are those of a layer that shows all records.
func wholeItems(records []record) []item {
	items := make([]item, len(records))
	for i := range records {
		items[i] = item{Entry: records[i].entry(), seq: records[i].seq}
	}
	return items
}

// lower tells what a whole layer holds.
type lower interface {
	// mode returns the mode of a path; ok is false where nothing is.
	mode(path string) (mode fs.FileMode, ok bool, err error)
}

// thinItems are those of a layer that turns one version into a later one, given
// the paths that changed between them and the records of the later one, in tree
// order. A directory that was replaced needs no mark: what it lost was removed
// name by name.
func thinItems(changes []changed, records []record, base lower) ([]item, error) {
	find := func(path string) *record {
		i, ok := slices.BinarySearchFunc(records, path, func(r record, path string) int { return tree.Compare(r.Path, path) })
		if !ok {
			return nil
		}
		return &records[i]
	}
	wanted := map[string]item{}
	add := func(r *record) { wanted[r.Path] = item{Entry: r.entry(), seq: r.seq} }
	for _, ch := range changes {
		r := find(ch.path)
		if r != nil {
			add(r)
		} else if gone, err := needsWhiteout(ch.path, find, base); err != nil {
			return nil, err
		} else if gone {
			wanted[ch.path] = item{Entry: tree.Entry{Path: ch.path}, whiteout: true}
		} else {
			continue
		}
		for dir := ch.path; dir != "/"; {
			dir, _ = tree.Split(dir)
			if _, there := wanted[dir]; there {
				break
			}
			add(find(dir))
		}
	}
	if len(wanted) == 0 {
		add(find("/"))
	}
	items := make([]item, 0, len(wanted))
	for _, it := range wanted {
		items = append(items, it)
	}
	slices.SortFunc(items, func(a, b item) int { return tree.Compare(a.Path, b.Path) })
	return items, nil
}

// needsWhiteout reports whether the lower layer would show a path that is gone.
// A whiteout in a directory that the lower one lacks would be seen itself.
func needsWhiteout(path string, find func(string) *record, base lower) (bool, error) {
	dir, _ := tree.Split(path)
	if parent := find(dir); parent == nil || !parent.Mode.IsDir() {
		return false, nil // hidden by what is gone or there instead
	}
	_, there, err := base.mode(path)
	return there, err
}

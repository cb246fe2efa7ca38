// SPDX-License-Identifier: MIT

//go:build !linux

package tree

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func (t *Tree) fill(ctx context.Context, o *options) error {
	root, err := os.Stat(t.Dir)
	if err != nil {
		return err
	}
	if !root.IsDir() {
		return notDirectory(t.Dir)
	}
	t.Entries = append(t.Entries, entry("/", root))
	walk := func(name string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if name == t.Dir {
			return err
		}
		path := "/" + filepath.ToSlash(strings.TrimPrefix(strings.TrimPrefix(name, t.Dir), string(filepath.Separator)))
		if err != nil {
			t.Problems = append(t.Problems, Problem{path, err})
			return nil
		}
		info, err := d.Info()
		if err != nil {
			t.Problems = append(t.Problems, Problem{path, err})
			t.Entries = append(t.Entries, Entry{Path: path, Mode: fs.ModeIrregular})
			return nil
		}
		e := entry(path, info)
		if e.Mode&fs.ModeSymlink != 0 {
			e.Link, _ = os.Readlink(name)
		}
		t.Entries = append(t.Entries, e)
		if e.Mode.IsDir() && o.prune != nil && o.prune(path) {
			return fs.SkipDir
		}
		return nil
	}
	if err := filepath.WalkDir(t.Dir, walk); err != nil {
		return err
	}
	slices.SortFunc(t.Entries, func(a, b Entry) int { return Compare(a.Path, b.Path) })
	return nil
}

func entry(path string, info fs.FileInfo) Entry {
	mtime := info.ModTime().UnixNano()
	return Entry{Path: path, Mode: info.Mode(), Size: info.Size(), ModTime: mtime, ChangeTime: mtime}
}

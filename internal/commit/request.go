// SPDX-License-Identifier: MIT

package commit

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Request is one commit.
type Request struct {
	// Target is the directory that is changed. A symbolic link is followed here,
	// and nowhere beneath.
	Target string
	// Upper is the directory with the sandbox's new content.
	Upper string
	// Changes are those to commit, in any order: what delta.Changes found, or
	// a part of it.
	Changes []delta.Change
	// Base tells what the target must still be.
	Base Base
	// Contents are those of files that the caller has read; nil: of none.
	Contents *Contents
	// Journal keeps what Recover needs.
	Journal Journal
}

// Options say how to commit. The zero value commits all or nothing.
type Options struct {
	// DryRun only reports what would be done.
	DryRun bool
	// Partial applies what does not conflict when something else does.
	Partial bool
	// Overwrite takes conflicts for none, but those of a directory: one that
	// is not there, or that holds what the sandbox did not delete. What is changed
	// while the commit runs is a conflict all the same.
	Overwrite bool
	// Allow is asked for each path when it is judged, and again right before
	// something is done to it, by several goroutines at a time. nil allows all.
	Allow func(path string) bool
	// Later is given the last of a commit: to make it durable, and to have
	// the journal forget it. Until that has run, Recover has nothing to do but
	// what it does after a crash. nil: it is done before Run returns.
	Later func(last func() error)

	fault func(call string) error
}

func (o *Options) allows(path string) bool { return o.Allow == nil || o.Allow(path) }

// stagingPrefix begins the names of staging directories. A sandbox's changes
// beneath such a name are not committed.
const stagingPrefix = ".sandbox-commit-"

var errNoPath = errors.New("not the path of a file in a workspace")

// order checks and sorts the changes, parents first.
func order(changes []delta.Change) ([]delta.Change, error) {
	sorted := slices.Clone(changes)
	slices.SortFunc(sorted, func(a, b delta.Change) int { return tree.Compare(a.Path, b.Path) })
	for i := range sorted {
		c := &sorted[i]
		if !canonical(c.Path) || c.Path == "/" && !(c.Kind == delta.Modified && c.Mode.IsDir()) {
			return nil, &fs.PathError{Op: "commit", Path: c.Path, Err: errNoPath}
		}
		if i > 0 && c.Path == sorted[i-1].Path {
			return nil, &fs.PathError{Op: "commit", Path: c.Path, Err: errors.New("two changes of one path")}
		}
		if c.Kind > delta.Deleted {
			return nil, fmt.Errorf("commit %q: %v", c.Path, c.Kind)
		}
	}
	return sorted, nil
}

func canonical(path string) bool {
	if path == "/" {
		return true
	}
	if !strings.HasPrefix(path, "/") || strings.IndexByte(path, 0) >= 0 {
		return false
	}
	for name := range strings.SplitSeq(path[1:], "/") {
		if name == "" || name == "." || name == ".." {
			return false
		}
	}
	return true
}

// reserved reports whether a name of path is one that staging directories have.
func reserved(path string) bool { return strings.Contains(path, "/"+stagingPrefix) }

// SPDX-License-Identifier: MIT

package engine

import (
	"errors"
	"io/fs"
	"syscall"

	"github.com/sandbox-rls/sandbox/internal/codebase"
	"github.com/sandbox-rls/sandbox/internal/commit"
	"github.com/sandbox-rls/sandbox/internal/delta"
)

// unlisted makes a report's items of the errors of Changes that what is in the
// sandbox is the reason of, and which would be the same the next time: of a directory
// that keeps its owner out, which failed, and of paths that are too long for any
// target. rest are the others.
func unlisted(err error) (failed, long []commit.Item, rest error) {
	all, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil, nil, err // nothing was listed at all
	}
	var others []error
	for _, e := range all.Unwrap() {
		var at *fs.PathError
		switch {
		case errors.As(e, &at) && errors.Is(e, fs.ErrPermission):
			failed = append(failed, commit.Item{Path: at.Path, Kind: delta.Modified, Reason: "cannot be looked at: " + at.Err.Error()})
		case errors.As(e, &at) && errors.Is(e, syscall.ENAMETOOLONG):
			long = append(long, commit.Item{Path: at.Path, Kind: delta.Modified, Reason: "what it holds has paths longer than 4,096 bytes"})
		default:
			others = append(others, e)
		}
	}
	return failed, long, errors.Join(others...)
}

// unfit says why a codebase cannot take a change; "" when it can.
func unfit(c *delta.Change) string {
	switch {
	case c.Kind != delta.Deleted && !c.Mode.IsDir() && !c.Mode.IsRegular() && c.Mode&fs.ModeSymlink == 0:
		return "it is neither a directory, a regular file nor a symbolic link"
	case c.Path == "/":
		return "a codebase keeps the permissions of its root"
	}
	if _, err := codebase.ValidatePath(c.Path); err != nil {
		return "its path is longer than a codebase takes"
	}
	return ""
}

// failures are the items of a report for what a codebase has not taken.
func failures(failed []*fs.PathError, kinds map[string]delta.Kind) (items []commit.Item) {
	for _, f := range failed {
		items = append(items, commit.Item{Path: f.Path, Kind: kinds[f.Path], Reason: reasonOf(f.Err)})
	}
	return items
}

// reasonOf says why without the path, which the item has.
func reasonOf(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return err.Error()
}

func kindsOf(changes []delta.Change) map[string]delta.Kind {
	kinds := make(map[string]delta.Kind, len(changes))
	for i := range changes {
		kinds[changes[i].Path] = changes[i].Kind
	}
	return kinds
}

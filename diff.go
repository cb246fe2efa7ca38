// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/patch"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// The defaults of DiffOptions.
const (
	DefaultDiffContext  = 3
	DefaultDiffFileSize = 8 << 20
)

// DiffOptions say what Diff writes.
type DiffOptions struct {
	// Paths restricts it to these paths of the workspace and what lies beneath
	// them. Empty: all.
	Paths []string `json:"paths,omitempty"`
	// Context is how many unchanged lines surround a change. Default
	// DefaultDiffContext.
	Context int `json:"context,omitempty"`
	// MaxFileSize is the size, in bytes, over which a file is only said to
	// differ. Default DefaultDiffFileSize.
	MaxFileSize int64 `json:"max_file_size,omitempty"`
}

// Validate reports what makes no sense, as ErrInvalid.
func (o *DiffOptions) Validate() error {
	if o.Context < 0 {
		return invalidf("%d lines of context", o.Context)
	}
	if o.MaxFileSize < 0 {
		return invalidf("files of %d bytes at most", o.MaxFileSize)
	}
	return nil
}

// Diff writes what the sandbox changed since it was made as a patch, sorted by
// path, in the form of git: `git apply` and `patch -p1` make of the source what
// the sandbox made of it, but that patch cannot put a file in the place of a
// directory or the other way round. Content that holds a NUL byte or is larger than
// MaxFileSize is only said to differ; git refuses a patch with such a file,
// patch passes over it. What no patch can say (empty directories, FIFOs,
// permissions other than to execute) is in lines that begin with "# ".
//
// As Changes, it works on a stopped sandbox too, and may see half of what is
// being written on a running one. Nothing in the sandbox can make it follow a
// symlink, wait, or read anything but regular files. What it writes is the
// sandbox's words: control characters in content are as they are.
func (s *Sandbox) Diff(ctx context.Context, w io.Writer, opts DiffOptions) error {
	if err := opts.Validate(); err != nil {
		return s.fail("diff", "", err)
	}
	if opts.Context == 0 {
		opts.Context = DefaultDiffContext
	}
	if opts.MaxFileSize == 0 {
		opts.MaxFileSize = DefaultDiffFileSize
	}
	changes, err := s.Changes(ctx)
	if err != nil || len(changes) == 0 {
		return err
	}
	r, err := delta.OpenReader(delta.Layers{Upper: s.workspace.Upper(), Lower: s.workspace.Lower()})
	if err != nil {
		return s.fail("diff", "", err)
	}
	defer r.Close()
	for _, c := range shown(within(changes, opts.Paths)) {
		if err := ctx.Err(); err != nil {
			return s.fail("diff", "", err)
		}
		p, err := patchOf(r, c, opts.MaxFileSize)
		if err == nil {
			err = patch.Write(w, p, opts.Context)
		}
		if err != nil {
			return s.fail("diff", c.Path, err)
		}
	}
	return nil
}

// within are the changes at and beneath some paths.
func within(changes []Change, paths []string) []Change {
	if len(paths) == 0 {
		return changes
	}
	roots := make([]string, len(paths))
	for i, p := range paths {
		roots[i] = workspacePath(p)
	}
	return slices.DeleteFunc(changes, func(c Change) bool {
		return !slices.ContainsFunc(roots, func(root string) bool { return c.Path == root || tree.Beneath(c.Path, root) })
	})
}

// shown are the changes that a patch tells of, in tree order.
func shown(changes []Change) []Change {
	slices.SortFunc(changes, func(a, b Change) int { return tree.Compare(a.Path, b.Path) })
	list := make([]Change, 0, len(changes))
	for i, c := range changes {
		if !implied(c, changes[i+1:]) {
			list = append(list, c)
		}
	}
	return list
}

// implied reports whether a change follows from the one after it: a directory
// is made and removed with what is in it.
func implied(c Change, after []Change) bool {
	if !c.Mode.IsDir() || c.Kind == Modified || len(after) == 0 {
		return false
	}
	special := c.Mode & (fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky)
	return after[0].Kind == c.Kind && tree.Beneath(after[0].Path, c.Path) && (c.Kind == Deleted || special == 0)
}

// patchOf reads what a change is about.
func patchOf(r *delta.Reader, c Change, limit int64) (patch.Change, error) {
	p := patch.Change{Path: c.Path}
	pair, err := r.Read(c.Path, limit)
	if err != nil {
		return p, err
	}
	if pair.Same { // for what a patch says of them, so are two empty ones
		pair.Old.Err, pair.New.Err = nil, nil
	}
	if c.Kind != Added {
		p.Old = side(pair.Old, limit)
	}
	if c.Kind != Deleted {
		p.New = side(pair.New, limit)
	}
	return p, nil
}

// side is a side of a change as a patch wants it.
func side(c *delta.Content, limit int64) *patch.File {
	if c == nil {
		return nil
	}
	f := &patch.File{Mode: c.Mode, Text: c.Data}
	switch {
	case c.Err == nil:
	case errors.Is(c.Err, delta.ErrTooLarge):
		f.Withheld = fmt.Sprintf("%d bytes are more than the limit of %d, and are not shown", c.Size, limit)
	default:
		var e *fs.PathError
		if errors.As(c.Err, &e) {
			c.Err = e.Err
		}
		f.Withheld = fmt.Sprintf("it cannot be read: %v", c.Err)
	}
	return f
}

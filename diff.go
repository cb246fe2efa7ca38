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

// The defaults of DiffOptions, and the largest MaxFileSize: both versions of a file are held
// in memory.
const (
	DefaultDiffContext  = 3
	DefaultDiffFileSize = 8 << 20
	MaxDiffFileSize     = 256 << 20
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
	// differ. Default DefaultDiffFileSize, at most MaxDiffFileSize.
	MaxFileSize int64 `json:"max_file_size,omitempty"`
}

// Validate reports what makes no sense, as ErrInvalid.
func (o *DiffOptions) Validate() error {
	if o.Context < 0 {
		return invalidf("%d lines of context", o.Context)
	}
	if o.MaxFileSize < 0 || o.MaxFileSize > MaxDiffFileSize {
		return invalidf("files of %d bytes at most", o.MaxFileSize)
	}
	return nil
}

// Diff writes what a sandbox changed as a patch, as DeltaService says. It holds nothing
// of the sandbox, and Close does not wait for it, while w takes the patch.
func (m *Manager) Diff(ctx context.Context, sandboxID string, w io.Writer, opts DiffOptions) error {
	kept := m.engine.Spool()
	defer kept.Close()
	if _, err := m.change("diff", sandboxID, func(s *resident) error { return s.diff(ctx, kept, opts) }); err != nil {
		return err
	}
	if _, err := kept.WriteTo(until{ctx, w}); err != nil {
		return &Error{Op: "diff", ID: sandboxID, Err: err}
	}
	return nil
}

// until is a writer that fails from when its context has ended.
type until struct {
	ctx context.Context
	io.Writer
}

func (u until) Write(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.Writer.Write(p)
}

func (s *resident) diff(ctx context.Context, w io.Writer, opts DiffOptions) error {
	if err := opts.Validate(); err != nil {
		return s.fail("diff", "", err)
	}
	if opts.Context == 0 {
		opts.Context = DefaultDiffContext
	}
	if opts.MaxFileSize == 0 {
		opts.MaxFileSize = DefaultDiffFileSize
	}
	changes, err := s.changes(ctx)
	if err != nil || len(changes) == 0 {
		return err
	}
	layers, done, err := s.hold(ctx)
	if err != nil {
		return s.fail("diff", "", err)
	}
	defer done()
	r, err := layers.Reader()
	if err != nil {
		return s.fail("diff", "", err)
	}
	defer r.Close()
	for _, c := range shown(within(changes, opts.Paths)) {
		if err := ctx.Err(); err != nil {
			return s.fail("diff", "", err)
		}
		p, err := patchOf(r, c, opts.MaxFileSize)
		if err != nil {
			return s.fail("diff", c.Path, err)
		}
		if err := patch.Write(w, p, opts.Context); err != nil {
			return s.fail("diff", "", fmt.Errorf("keeping the patch until it is written: %w", err))
		}
	}
	return nil
}

// within are the changes at and beneath some paths.
func within(changes []Change, paths []string) []Change {
	in := under(paths)
	return slices.DeleteFunc(changes, func(c Change) bool { return !in(c.Path) })
}

// under says of a path whether it is one of some, or beneath one. No paths are all.
func under(paths []string) func(path string) bool {
	roots := map[string]bool{}
	for _, p := range paths {
		roots[workspacePath(p)] = true
	}
	return func(path string) bool {
		for at := path; len(roots) > 0 && !roots[at]; at, _ = tree.Split(at) {
			if at == "/" {
				return false
			}
		}
		return true
	}
}

// above says of a path whether it lies above one of some.
func above(paths []string) func(path string) bool {
	dirs := map[string]bool{}
	for _, p := range paths {
		for at := workspacePath(p); at != "/"; {
			if at, _ = tree.Split(at); dirs[at] {
				break
			}
			dirs[at] = true
		}
	}
	return func(path string) bool { return dirs[path] }
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

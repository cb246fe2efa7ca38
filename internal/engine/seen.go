// SPDX-License-Identifier: MIT

package engine

import (
	"context"
	"crypto/sha256"
	"io"
	"io/fs"
	"os"

	"github.com/sandbox-rls/sandbox/internal/codebase"
	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// seen tells what of its codebase a sandbox has seen: the version that it began with,
// and what its bases hold. What somebody else has committed since is in neither, also
// where it is older than the last upload. It is for one goroutine at a time, while
// the workspace is held.
type seen struct {
	w    *Workspace
	base *delta.Reader // nil: there is none
}

// seen opens the bases. The workspace must be held.
func (w *Workspace) seen() (*seen, error) {
	if !w.opened && len(w.closed) == 0 {
		return &seen{w: w}, nil
	}
	l := w.layers()
	r, err := delta.OpenReader(delta.Layers{Open: l.Open, Lower: w.closed})
	if err != nil {
		return nil, err
	}
	return &seen{w, r}, nil
}

func (s *seen) close() {
	if s.base != nil {
		s.base.Close()
	}
}

// has reports whether the sandbox has seen a file as the codebase has it now. Of what
// cannot be read it has not.
func (s *seen) has(ctx context.Context, now *codebase.File) bool {
	if now.Version <= s.w.origin.Version || s.base == nil {
		return now.Version <= s.w.origin.Version
	}
	old, err := s.base.Before(now.Path)
	if old == nil || err != nil {
		return false
	}
	e := old.Entry()
	switch {
	case e.Mode.Type() != now.Mode.Type():
		return false
	case now.Mode&fs.ModeSymlink != 0:
		return e.Link == now.Link
	case tree.Perm(e.Mode) != tree.Perm(now.Mode):
		return false
	case now.Mode.IsDir():
		return true
	}
	return s.same(ctx, old, now)
}

// same compares regular files. Most often the base has another name of the codebase's.
func (s *seen) same(ctx context.Context, old *delta.File, now *codebase.File) bool {
	if old.Entry().Size != now.Size {
		return false
	}
	fd, err := old.Open()
	if err != nil {
		return false
	}
	f := os.NewFile(uintptr(fd), now.Path)
	defer f.Close()
	if s.linked(ctx, f, now) {
		return true
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	return err == nil && [sha256.Size]byte(h.Sum(nil)) == now.SHA256
}

// linked reports whether a file of the base is the codebase's own.
func (s *seen) linked(ctx context.Context, f *os.File, now *codebase.File) bool {
	head, info, err := s.w.engine.codebases.Open(ctx, s.w.origin.Codebase, now.Path)
	if err != nil {
		return false
	}
	defer head.Close()
	a, err := f.Stat()
	if err != nil {
		return false
	}
	b, err := head.Stat()
	return err == nil && os.SameFile(a, b) && info.Version == now.Version
}

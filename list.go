// SPDX-License-Identifier: MIT

package sandbox

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/engine"
)

// listFiles lists a directory of the workspace under the rules.
func (s *resident) listFiles(ctx context.Context, name string, recursive bool) ([]FileInfo, error) {
	box, err := s.enterFor(ctx, "list", name)
	if err != nil {
		return nil, err
	}
	defer s.leave()
	l := lister{policy: s.policy, box: box, top: workspacePath(name), recursive: recursive}
	err = l.list(ctx)
	if err == nil && !box.Files.Mounted() {
		err = fsguard.ErrGuardClosed // what was left out may be there
	}
	if err != nil {
		return nil, s.fileError("list", name, box, err)
	}
	slices.SortFunc(l.files, func(a, b FileInfo) int { return strings.Compare(a.Path, b.Path) })
	return l.files, nil
}

// lister lists a directory, in which commands may change anything meanwhile.
type lister struct {
	policy    *fsguard.Policy
	box       *engine.Box
	top       string
	recursive bool
	files     []FileInfo
	todo      []string // directories beneath the top, by their paths from there
}

func (l *lister) list(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	entries, err := l.box.ReadDir(ctx, l.top)
	if err != nil {
		return err
	}
	l.add("", entries)
	for len(l.todo) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		dir := l.todo[len(l.todo)-1]
		l.todo = l.todo[:len(l.todo)-1]
		entries, err := l.box.ReadDirBeneath(ctx, l.top, dir)
		if err != nil && !leftOut(err) {
			return err
		}
		l.add(dir, entries)
	}
	return nil
}

// add adds what a directory holds.
func (l *lister) add(dir string, entries []fs.FileInfo) {
	for _, fi := range entries {
		below := path.Join(dir, fi.Name())
		p := path.Join(l.top, below)
		l.files = append(l.files, FileInfo{
			Path: p, Name: fi.Name(), IsDir: fi.IsDir(), Size: fi.Size(),
			Mode: fi.Mode(), ModTime: fi.ModTime(), Permission: l.policy.Level(p),
		})
		if l.recursive && fi.IsDir() {
			l.todo = append(l.todo, below)
		}
	}
}

// leftOut reports whether a directory beneath the one that is listed could not be read
// since it is gone, or another kind of file by now, is closed, or lies too deep.
func leftOut(err error) bool {
	for _, e := range []error{
		fs.ErrNotExist, fs.ErrPermission, syscall.ENOTDIR, syscall.ELOOP, syscall.EXDEV, syscall.ESTALE, syscall.ENAMETOOLONG,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

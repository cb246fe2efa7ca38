// SPDX-License-Identifier: MIT

package fsguard

import (
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// The layers that BuildMask makes, the upper one first.
const (
	facadeLayer = "facade"
	maskLayer   = "mask"
)

// missingMode is the mode of directories that write rules need and the tree
// lacks.
const missingMode = fs.ModeDir | 0o755

// BuildMask makes the overlay layers that hold a plan, in dir, which has to be
// empty, and returns them as lower layers, top first. A plan that masks
// nothing has none.
//
// The mask layer has a whiteout for each hidden top, placeholders, and the
// directories that are missing. The facade, which is there when anything is
// hidden, has every visible directory and nothing else. overlayfs shows a
// merged directory with the size, the times and the inode number of its topmost
// layer, and with one link: beneath a facade they all look alike, whether they
// hide something, much or nothing.
//
// Beneath it the other layers have to be merged by an overlay of their own.
// overlayfs numbers the entries of a merged directory with its whiteouts, and
// readdir(3) gives the numbers: one overlay would tell how many names are
// hidden, and between which.
//
// All belongs to owner. The layers must not be changed while they are mounted.
// When BuildMask fails, dir is left for the caller to remove (tree.Remove).
func BuildMask(dir string, t *tree.Tree, p *Plan, owner tree.Owner) (layers []string, err error) {
	if !p.Masks() {
		return nil, nil
	}
	time := t.Entries[0].ModTime // of what the tree lacks
	if len(p.Hidden) > 0 {
		facade := filepath.Join(dir, facadeLayer)
		if err := buildLayer(facade, &Plan{Dirs: p.Facade, Missing: p.Missing}, time, owner); err != nil {
			return nil, err
		}
		layers = append(layers, facade)
	}
	mask := filepath.Join(dir, maskLayer)
	if err := buildLayer(mask, p, time, owner); err != nil {
		return nil, err
	}
	return append(layers, mask), nil
}

// layer is a directory that is being filled.
type layer struct {
	dir    string
	cursor *tree.Cursor
	owner  tree.Owner
}

func buildLayer(dir string, p *Plan, missingTime int64, owner tree.Owner) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	cursor, err := tree.OpenCursor(dir)
	if err != nil {
		return err
	}
	defer cursor.Close()
	l := &layer{dir: dir, cursor: cursor, owner: owner}

	made := append([]tree.Entry(nil), p.Dirs...)
	for _, path := range p.Missing {
		made = append(made, tree.Entry{Path: path, Mode: missingMode, ModTime: missingTime})
	}
	for i := range made {
		if err := l.do("mkdir", made[i].Path, l.makeDir); err != nil {
			return err
		}
	}
	for _, path := range p.Hidden {
		if err := l.do("mknod", path, makeWhiteout); err != nil {
			return err
		}
	}
	for i := range p.Placeholders {
		e := &p.Placeholders[i]
		err := l.do("placeholder", e.Path, func(dirfd int, name string) error {
			return tree.MakePlaceholder(dirfd, name, e, owner)
		})
		if err != nil {
			return err
		}
	}
	// Backwards, the deepest first: a mode may close a directory to its maker.
	for i := len(made) - 1; i >= 0; i-- {
		err := l.do("finish", made[i].Path, func(dirfd int, name string) error {
			return tree.FinishDir(dirfd, name, &made[i], owner)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// do calls f with where path stands, and says in an error which path it was.
func (l *layer) do(op, path string, f func(dirfd int, name string) error) error {
	dirfd, name, err := l.cursor.At(path)
	if err == nil {
		err = f(dirfd, name)
	}
	if err != nil {
		return &fs.PathError{Op: op, Path: l.dir + path, Err: err}
	}
	return nil
}

func (l *layer) makeDir(dirfd int, name string) error {
	if name == "." {
		return nil
	}
	return tree.MakeDir(dirfd, name)
}

// makeWhiteout makes what overlayfs takes for "this name is gone".
func makeWhiteout(dirfd int, name string) error {
	return unix.Mknodat(dirfd, name, unix.S_IFCHR, 0)
}

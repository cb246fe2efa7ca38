// SPDX-License-Identifier: MIT

package fsguard

import (
	"io/fs"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Place puts a file into the workspace of a running sandbox, or takes one away,
// whatever the rules and the modes of its directories say: it is for the
// sandbox's owner. The path is absolute in the workspace. Directories above it
// that are missing are made with mode 0755. Commands see either the old file or
// the new one, and what they have open stays as it was; a directory is taken
// away file by file.
//
// No symbolic link is followed: one on the way to the path is ELOOP, one at its
// end is replaced. A directory in the place of a file is EISDIR. That something
// is gone already is no error. A workspace in which nothing can be written is
// EROFS.
func (a *Attachment) Place(path string, what Placement) error {
	err := a.asUser(func(w *worker) error { return a.place(w, path, &what) })
	if err != nil {
		return &fs.PathError{Op: "place", Path: path, Err: err}
	}
	return nil
}

func (a *Attachment) place(w *worker, path string, what *Placement) error {
	if a.work < 0 {
		return unix.EROFS
	}
	names := strings.Split(strings.Trim(path, "/"), "/")
	for _, name := range names {
		if name == "" || name == "." || name == ".." || what.Size < 0 {
			return unix.EINVAL
		}
	}
	w.setUmask(0)
	p := placer{a: a, w: w, dirs: names[:len(names)-1], name: names[len(names)-1], what: what}
	switch {
	case what.Gone:
		return p.remove()
	case what.Symlink != "":
		return p.put(p.link)
	}
	return p.file()
}

// placer places one thing.
type placer struct {
	a    *Attachment
	w    *worker
	dirs []string // those above it
	name string
	what *Placement
	shut []shutDir
	// alone says that nothing is done to the names of the workspace meanwhile.
	alone bool
}

// put makes something with a name that nobody knows, and gives it the right one.
// Nothing else is done to the names of the workspace meanwhile: where the rules
// let a command write everything but this file, it might open the other name for
// writing, or link it.
func (p *placer) put(create func(dir int, name string) error) error {
	return p.exclusively(func() error {
		dir, err := p.parent()
		if err != nil {
			return err
		}
		defer unix.Close(dir)
		var st unix.Stat_t
		if err := unix.Fstatat(dir, p.name, &st, unix.AT_SYMLINK_NOFOLLOW); err == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR {
			return unix.EISDIR
		}
		temp, err := p.temporary(dir, create)
		if err != nil {
			return err
		}
		if err := unix.Renameat(dir, temp, dir, p.name); err != nil {
			_ = unix.Unlinkat(dir, temp, 0)
			return err
		}
		return nil
	})
}

// temporary makes something with a name that nothing has.
func (p *placer) temporary(dir int, create func(dir int, name string) error) (string, error) {
	return withTemporaryName(func(name string) error {
		err := create(dir, name)
		if err == unix.EACCES && p.admit(dir) {
			err = create(dir, name)
		}
		return err
	})
}

func (p *placer) link(dir int, name string) error {
	if err := unix.Symlinkat(p.what.Symlink, dir, name); err != nil || p.what.ModTime.IsZero() {
		return err
	}
	t, err := unix.TimeToTimespec(p.what.ModTime)
	if err == nil {
		err = unix.UtimesNanoAt(dir, name, []unix.Timespec{t, t}, unix.AT_SYMLINK_NOFOLLOW)
	}
	if err != nil {
		_ = unix.Unlinkat(dir, name, 0)
	}
	return err
}

// remove takes away what is there. Commands go on meanwhile, unless that fails.
func (p *placer) remove() error {
	p.a.moves.RLock()
	err := p.unlink()
	p.a.moves.RUnlock()
	if err == nil {
		return nil
	}
	return p.exclusively(p.unlink)
}

func (p *placer) unlink() error {
	dir, err := p.parent()
	if err == unix.ENOENT || err == unix.ENOTDIR {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	err = tree.RemoveAt(dir, p.name)
	if err == unix.EACCES && p.admit(dir) {
		err = tree.RemoveAt(dir, p.name)
	}
	return err
}

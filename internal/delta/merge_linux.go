// SPDX-License-Identifier: MIT

package delta

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Merge makes the layer into, which must not exist yet, of the layers dirs, of
// which the topmost comes first: over any others it shows what they show. Files
// get another name in it where they are on the same file system, and are copied
// otherwise: what was merged is to be removed, and none of it may be mounted or
// changed any more. On an error nothing is left of into.
func Merge(dirs []string, into string) error {
	s, err := Layers{Lower: dirs}.open()
	if err != nil {
		return err
	}
	defer s.close()
	if len(s.lower) == 0 {
		return &fs.PathError{Op: "merge", Path: into, Err: unix.EINVAL}
	}
	if err := os.Mkdir(into, 0o700); err != nil {
		return err
	}
	err = (&merger{stacks: s, buf: make([]byte, 64<<10)}).run(into)
	if err != nil {
		_ = tree.Remove(into)
	}
	return err
}

type merger struct {
	*stacks
	copier
	into *tree.Cursor
	buf  []byte
}

func (m *merger) run(into string) (err error) {
	m.owner, m.xattrs, m.intrudes = tree.Caller, plain, true
	if m.into, err = tree.OpenCursor(into); err != nil {
		return err
	}
	defer m.into.Close()
	return m.path(m.lower, "/", false)
}

// path makes what layers have for a path. covered says that nothing beneath
// them will ever show there, so that nothing has to be hidden.
func (m *merger) path(layers []layer, path string, covered bool) error {
	top, dirs, closed, err := compose(layers, path)
	if err != nil || top == nil || covered && top.whiteout() {
		return problem("lstat", path, err)
	}
	dirfd, name, err := m.into.At(path)
	if err != nil {
		return problem("open", path, err)
	}
	if !top.Mode.IsDir() {
		return problem("copy", path, m.file(top, dirfd, name))
	}
	if path != "/" {
		if err := unix.Mkdirat(dirfd, name, 0o700); err != nil {
			return problem("mkdir", path, err)
		}
	}
	if closed && !covered {
		fd, err := m.into.Dir(path)
		if err == nil {
			err = setOpaque(fd)
		}
		if err != nil {
			return problem("setxattr", path, err)
		}
	}
	err = within(dirs, path, func() error { return m.inside(dirs, path, covered || closed) })
	if err != nil {
		return err
	}
	return problem("chmod", path, m.finish(top))
}

func (m *merger) inside(dirs []layer, path string, covered bool) error {
	names, err := list(dirs, path, m.buf)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := m.path(dirs, tree.Join(path, name), covered); err != nil {
			return err
		}
	}
	return nil
}

// compose finds a path in layers: what is topmost, the layers that make it up if
// it is a directory, and whether that hides what other layers have beneath them.
func compose(layers []layer, path string) (top *found, dirs []layer, closed bool, err error) {
	for _, l := range layers {
		f, err := l.find(path)
		switch {
		case err != nil:
			return nil, nil, false, err
		case f == nil:
			continue
		case top == nil:
			top = f
		}
		if !f.Mode.IsDir() {
			return top, dirs, true, nil
		}
		dirs = append(dirs, l)
		if l.opaque(path) {
			return top, dirs, true, nil
		}
	}
	return top, dirs, false, nil
}

// file links or copies what is no directory.
func (m *merger) file(f *found, dirfd int, name string) error {
	src, from, err := f.layer.At(f.Path)
	if err != nil {
		return err
	}
	if unix.Linkat(src, from, dirfd, name, 0) == nil {
		return nil
	}
	err = m.copyAt(src, from, dirfd, name)
	if errors.Is(err, errSkipped) {
		return nil
	}
	return err
}

// finish gives a directory its attributes.
func (m *merger) finish(f *found) error {
	src, err := f.layer.Dir(f.Path)
	if err != nil {
		return err
	}
	dirfd, name, err := m.into.At(f.Path)
	if err != nil {
		return err
	}
	return m.finishDir(src, dirfd, name)
}

// SPDX-License-Identifier: MIT

package delta

import (
	"io/fs"

	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Promote prepares the upper layer for the open base to become the topmost of
// the lower ones: after that, Upper over Open over Lower shows what Upper over
// Lower showed before. What the sandbox does not have of the base is hidden by
// whiteouts and opaque directories; what the base would hide of the lower layers
// is copied up. Neither the base nor the lower layers change. What is made
// belongs to owner; if that is unset, it is as in Copy.
//
// None of the layers may be mounted. At each moment Upper over Lower shows the
// same, but for a file that is being copied up: what was interrupted can be done
// again.
func Promote(l Layers, owner tree.Owner) error {
	s, err := l.open()
	if err != nil {
		return err
	}
	defer s.close()
	if s.base == nil || s.upper == nil {
		return nil
	}
	p := &promoter{stacks: s, buf: make([]byte, 64<<10)}
	p.owner, p.xattrs = owner, plain
	root, err := lookup(s.lower, "/")
	if err != nil {
		return err
	}
	return p.merge("/", root.dir())
}

type promoter struct {
	*stacks
	copier
	buf []byte
}

// merge looks at a directory that both the upper layer and the base have, and
// that does not hide what is beneath it. below is what the lower layers have
// there, if that is a directory.
func (p *promoter) merge(path string, below *merged) error {
	return within([]layer{*p.upper, *p.base}, path, func() error {
		switch {
		case below == nil:
			return p.cover(path)
		case p.base.opaque(path):
			if err := p.raiseAll(path, below); err != nil {
				return err
			}
			return p.cover(path)
		}
		names, err := p.base.names(path, p.buf)
		if err != nil {
			return &fs.PathError{Op: "readdir", Path: path, Err: err}
		}
		for _, name := range names {
			if err := p.name(tree.Join(path, name), below); err != nil {
				return err
			}
		}
		return nil
	})
}

// name looks at a path that the base has something for.
func (p *promoter) name(path string, dir *merged) error {
	base, err := p.base.find(path)
	if err != nil || base == nil {
		return problem("lstat", path, err)
	}
	upper, err := p.upper.find(path)
	if err != nil {
		return problem("lstat", path, err)
	}
	below, err := lookup(dir.stack(), path)
	if err != nil {
		return err
	}
	switch {
	case upper == nil && below == nil && base.whiteout():
		return nil
	case upper == nil && below == nil:
		return p.make(path, p.whiteout)
	case upper == nil && base.Mode.IsDir() && below.Mode.IsDir():
		if err := p.makeDir(below); err != nil {
			return err
		}
		return p.merge(path, below)
	case upper == nil:
		return p.raise(below)
	case !upper.Mode.IsDir() || p.upper.opaque(path):
		return nil // nothing shows through
	case base.Mode.IsDir():
		return p.merge(path, below.dir())
	case below.dir() != nil:
		return p.inUpper(path, func() error { return p.raiseAll(path, below) })
	}
	return nil
}

// cover makes a directory of the upper layer opaque.
func (p *promoter) cover(path string) error {
	fd, err := p.upper.Dir(path)
	if err == nil {
		err = setOpaque(fd)
	}
	return problem("setxattr", path, err)
}

// make makes something in a directory of the upper layer, which keeps its time. It
// gets its name when it is whole.
func (p *promoter) make(path string, f func(dirfd int, name string) error) error {
	return p.edit(path, func(dirfd int, name string) error {
		err := tree.RemoveAt(dirfd, RisingName) // of one that was interrupted
		if err == nil {
			err = f(dirfd, RisingName)
		}
		if err != nil {
			_ = tree.RemoveAt(dirfd, RisingName)
			return err
		}
		return absent(unix.Renameat(dirfd, RisingName, dirfd, name)) // of a kind that is not copied there is nothing
	})
}

// edit does something in a directory of the upper layer, which keeps its time.
func (p *promoter) edit(path string, f func(dirfd int, name string) error) error {
	dirfd, name, err := p.upper.At(path)
	if err != nil {
		return problem("open", path, err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(dirfd, &st); err != nil {
		return problem("stat", path, err)
	}
	if err := f(dirfd, name); err != nil {
		return problem("copy", path, err)
	}
	times := []unix.Timespec{st.Atim, st.Mtim}
	return problem("utimensat", path, unix.UtimesNanoAt(unix.AT_FDCWD, self(dirfd), times, 0))
}

func (p *promoter) inUpper(path string, work func() error) error {
	return within([]layer{*p.upper}, path, work)
}

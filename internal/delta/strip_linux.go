// SPDX-License-Identifier: MIT

package delta

import (
	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Strip removes from the upper layer what is no change: files, links and whiteouts
// that say what Open over Lower says as well. No directory of it stays opaque. It is
// for a layer that will be used when Open is a layer beneath it: what becomes of the
// origin until then is seen through it. The layer must not be mounted. What is made
// belongs to owner; if that is unset, it is as in Copy.
func Strip(l Layers, owner tree.Owner) error {
	changes, err := Changes(l)
	if err != nil {
		return err
	}
	s, err := l.open()
	if err != nil {
		return err
	}
	defer s.close()
	if s.upper == nil {
		return nil
	}
	p := &stripper{promoter: promoter{stacks: s, buf: make([]byte, 64<<10)}, changed: make(map[string]bool, len(changes))}
	p.owner = owner
	for i := range changes {
		p.changed[changes[i].Path] = true
	}
	root, err := lookup(s.before, "/")
	if err != nil {
		return err
	}
	return p.dir("/", root.dir(), false)
}

type stripper struct {
	promoter
	changed map[string]bool
}

// dir looks at a directory of the upper layer. before is what there is beneath it,
// if that is a directory. It is alone if that is not seen through it.
func (p *stripper) dir(path string, before *merged, alone bool) error {
	return p.inUpper(path, func() error {
		opaque := p.upper.opaque(path)
		if alone = alone || opaque; alone {
			if err := p.cover(path, before); err != nil {
				return err
			}
		}
		if opaque {
			if err := p.uncover(path); err != nil {
				return err
			}
		}
		names, err := p.upper.names(path, p.buf)
		if err != nil {
			return problem("readdir", path, err)
		}
		for _, name := range names {
			if err := p.name(tree.Join(path, name), before, alone); err != nil {
				return err
			}
		}
		return nil
	})
}

// cover hides one by one what an opaque directory hides as a whole, that is, also
// what will be there later.
func (p *stripper) cover(path string, before *merged) error {
	names, err := list(before.stack(), path, p.buf)
	if err != nil {
		return err
	}
	for _, name := range names {
		path := tree.Join(path, name)
		old, err := lookup(before.stack(), path)
		if err != nil {
			return err
		}
		upper, err := p.upper.find(path)
		if err != nil {
			return problem("lstat", path, err)
		}
		if old == nil || upper != nil {
			continue
		}
		if err := p.make(path, p.whiteout); err != nil {
			return err
		}
	}
	return nil
}

// uncover makes a directory one that is merged.
func (p *stripper) uncover(path string) error {
	fd, err := p.upper.Dir(path)
	if err != nil {
		return problem("open", path, err)
	}
	for _, attr := range opaqueAttrs {
		if err := unix.Removexattr(self(fd), attr); err != nil && err != unix.ENODATA && err != unix.EOPNOTSUPP && err != unix.EPERM {
			return problem("removexattr", path, err)
		}
	}
	return nil
}

func (p *stripper) name(path string, dir *merged, alone bool) error {
	f, err := p.upper.find(path)
	switch {
	case err != nil || f == nil:
		return problem("lstat", path, err)
	case f.Mode.IsDir():
		before, err := lookup(dir.stack(), path)
		if err != nil {
			return err
		}
		return p.dir(path, before.dir(), alone)
	case p.changed[path]:
		return nil
	}
	return p.edit(path, tree.RemoveAt)
}

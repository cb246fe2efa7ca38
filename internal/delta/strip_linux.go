// SPDX-License-Identifier: MIT

package delta

import (
	"io/fs"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Strip removes from the upper layer what is no change, as far as it can: files,
// links and whiteouts that say what Open over Lower says as well. It is for a
// layer that will be used when Open is a layer beneath it: what becomes of the
// origin until then is seen through it. The layer must not be mounted.
func Strip(l Layers) error {
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
	for i := range changes {
		p.changed[changes[i].Path] = true
	}
	return p.dir("/")
}

type stripper struct {
	promoter
	changed map[string]bool
}

func (p *stripper) dir(path string) error {
	if p.upper.opaque(path) {
		return nil // without it, nothing would be seen
	}
	return p.inUpper(path, func() error {
		names, err := p.upper.names(path, p.buf)
		if err != nil {
			return &fs.PathError{Op: "readdir", Path: path, Err: err}
		}
		for _, name := range names {
			if err := p.name(tree.Join(path, name)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (p *stripper) name(path string) error {
	f, err := p.upper.find(path)
	switch {
	case err != nil || f == nil:
		return problem("lstat", path, err)
	case f.Mode.IsDir():
		return p.dir(path)
	case p.changed[path]:
		return nil
	}
	return p.edit(path, tree.RemoveAt)
}

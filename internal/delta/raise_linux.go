// SPDX-License-Identifier: MIT

package delta

import (
	"golang.org/x/sys/unix"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// raise copies a file of the lower layers, with all that is in it, to where the
// upper one has nothing.
func (p *promoter) raise(m *merged) error {
	if !m.Mode.IsDir() {
		return p.make(m.Path, func(dirfd int, name string) error {
			src, from, err := m.layer.At(m.Path)
			if err != nil {
				return err
			}
			if err := p.copyAt(src, from, dirfd, name); err != errSkipped {
				return err
			}
			return nil
		})
	}
	if err := p.makeDir(m); err != nil {
		return err
	}
	return p.inUpper(m.Path, func() error { return p.raiseAll(m.Path, m) })
}

// raiseAll copies what a directory of the lower layers has and that of the
// upper one has not.
func (p *promoter) raiseAll(path string, below *merged) error {
	names, err := list(below.layers, path, p.buf)
	if err != nil {
		return err
	}
	for _, name := range names {
		path := tree.Join(path, name)
		m, err := lookup(below.layers, path)
		if err != nil {
			return err
		}
		upper, err := p.upper.find(path)
		if err != nil {
			return problem("lstat", path, err)
		}
		switch {
		case m == nil:
		case upper == nil:
			err = p.raise(m)
		case upper.Mode.IsDir() && m.Mode.IsDir() && !p.upper.opaque(path):
			err = p.inUpper(path, func() error { return p.raiseAll(path, m) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// makeDir makes a directory as the lower layers have it.
func (p *promoter) makeDir(m *merged) error {
	return p.make(m.Path, func(dirfd int, name string) error {
		src, err := m.layer.Dir(m.Path)
		if err != nil {
			return err
		}
		if err := unix.Mkdirat(dirfd, name, 0o700); err != nil {
			return err
		}
		return p.finishDir(src, dirfd, name)
	})
}

// SPDX-License-Identifier: MIT

package fsguard

import "slices"

// WritePrefixes returns the directories, sorted, that must be there for what
// the rules let write to have a place: the literal directories that the
// patterns of Write rules begin with, and the parents of single files. The
// root is never among them, nor is one that stronger rules make unwritable.
func (p *Policy) WritePrefixes() []string {
	var dirs []string
	for i := range p.rules {
		if p.rules[i].rule.Permission != Write {
			continue
		}
		for _, s := range appendShapes(nil, &p.rules[i]) {
			if dir := p.writePrefix(s); dir != "" {
				dirs = append(dirs, dir)
			}
		}
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// writePrefix returns the directory that a Write rule of this shape needs, or
// "".
func (p *Policy) writePrefix(s shape) string {
	if s.dir == "" {
		return ""
	}
	if s.kind == shapeExact {
		if p.Level(s.dir) != Write {
			return ""
		}
		parent, _ := split(s.dir)
		return parent
	}
	if s.kind == shapeSubtree {
		if p.Level(s.dir) != Write {
			return ""
		}
		return s.dir
	}
	if _, hi := p.Beneath(s.dir); hi != Write {
		return ""
	}
	return s.dir
}

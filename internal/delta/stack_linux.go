// SPDX-License-Identifier: MIT

package delta

import "github.com/sandbox-rls/sandbox/internal/tree"

// stacks are layers that were opened: those that the sandbox has, and those
// that it is compared with, the topmost first. Both end with the mounted ones.
type stacks struct {
	upper, base *layer // nil: none
	lower       []layer
	now, before []layer
}

func (l Layers) open() (*stacks, error) {
	s := &stacks{}
	for _, dir := range []struct {
		path string
		to   **layer
	}{{l.Upper, &s.upper}, {l.Open, &s.base}} {
		if dir.path == "" {
			continue
		}
		c, err := tree.OpenCursor(dir.path)
		if err != nil {
			s.close()
			return nil, err
		}
		*dir.to = &layer{c}
	}
	for _, dir := range l.Lower {
		c, err := tree.OpenCursor(dir)
		if err != nil {
			s.close()
			return nil, err
		}
		s.lower = append(s.lower, layer{c})
	}
	s.now, s.before = over(s.upper, s.lower), over(s.base, s.lower)
	return s, nil
}

// over puts a layer on top of others.
func over(top *layer, layers []layer) []layer {
	if top == nil {
		return layers
	}
	return append([]layer{*top}, layers...)
}

// all are all layers, in the same order for the same directories.
func (s *stacks) all() []layer { return over(s.base, over(s.upper, s.lower)) }

func (s *stacks) close() {
	for _, l := range s.all() {
		_ = l.Close()
	}
}

// SPDX-License-Identifier: MIT

package delta

import (
	"slices"

	"github.com/sandbox-rls/sandbox/internal/batch"
)

// contested is a file of which only the content tells whether it is a change.
type contested struct {
	now, old *found
	change   int // its index among the changes
	same     bool
}

// contest begins to compare what files hold, which goes on while the walk finds more of
// them. Other goroutines open the layers l for themselves, which s are.
func contest(l Layers, s *stacks, seen Seen) *batch.Queue[*contested] {
	own := comparer{seen: seen}
	return batch.New(func(some []*contested) { own.settle(some, nil, nil) },
		func() (batch.Work[*contested], func(), error) {
			other, err := l.open()
			if err != nil {
				return nil, nil, err
			}
			c := comparer{seen: seen}
			from, to := s.all(), other.all()
			return func(some []*contested) { c.settle(some, from, to) }, other.close, nil
		})
}

// settle compares pairs of files, which were found in the layers from. They are opened in
// those of to, which are the same ones; both nil: where they were found.
func (c *comparer) settle(pairs []*contested, from, to []layer) {
	for _, p := range pairs {
		now, old := *p.now, *p.old
		if to != nil {
			now.layer, old.layer = to[slices.Index(from, now.layer)], to[slices.Index(from, old.layer)]
		}
		p.same = c.sameContent(&now, &old)
	}
}

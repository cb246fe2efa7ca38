// SPDX-License-Identifier: MIT

package commit

import (
	"context"

	"github.com/sandbox-rls/sandbox/internal/batch"
	"github.com/sandbox-rls/sandbox/internal/delta"
)

// lookAhead finds out what the target has at the paths of modified files, where nothing that
// is judged before decides about it, from a few goroutines. What fails is looked at again in its turn.
func (j *judge) lookAhead(ctx context.Context) {
	some := func(at *near) batch.Work[*node] {
		return func(nodes []*node) {
			for _, n := range nodes {
				if ctx.Err() != nil {
					return
				}
				if dir, last, err := at.enter(j.root, n.change.Path); err == nil {
					n.now, _ = examine(j.root, dir, last, n.change.Path)
				}
			}
		}
	}
	own := &near{}
	defer own.leave()
	queue := batch.New(some(own), func() (batch.Work[*node], func(), error) {
		at := &near{}
		return some(at), at.leave, nil
	})
	for i := range j.nodes {
		n := &j.nodes[i]
		if n.change.Kind == delta.Modified && n.change.Mode.IsRegular() && n.change.OldMode.IsRegular() {
			queue.Add(n)
		}
	}
	queue.Finish()
}

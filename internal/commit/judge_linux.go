// SPDX-License-Identifier: MIT

package commit

import (
	"context"

	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// judge looks at the target, and says of each change what is to become of it.
type judge struct {
	*weigher
	opts   *Options
	nodes  []node
	index  map[string]int
	homes  []home
	mounts map[uint64]int // the homes by mount
	dir    seen
}

// judgeAll fills in the nodes. upper is the sandbox's layer.
func (j *judge) judgeAll(ctx context.Context, upper string) error {
	mount, err := mountOf(j.root)
	if err != nil {
		return err
	}
	e, err := stat(j.root, "", "/")
	if err != nil {
		return err
	}
	j.homes, j.mounts = []home{{Path: "/", Ino: e.Ino}}, map[uint64]int{mount: 0}
	defer j.leave()
	j.lookAhead(ctx)
	files := j.queue(ctx, upper)
	for i := range j.nodes { // parents first
		n := &j.nodes[i]
		switch {
		case ctx.Err() != nil:
		case !j.one(n):
		case j.file(i):
			files.Add(n)
		default:
			j.weigh(n)
		}
	}
	files.Finish()
	if err := ctx.Err(); err != nil {
		return err
	}
	for i := len(j.nodes) - 1; i >= 0; i-- { // children first
		if n := &j.nodes[i]; n.removesDir() {
			j.emptied(n)
		}
	}
	return nil
}

// one finds out what the target has, and is false when that settles it.
func (j *judge) one(n *node) bool {
	c := &n.change
	if reserved(c.Path) {
		n.set(skipped, "has a name that is reserved for commits")
		return false
	}
	if !j.opts.allows(c.Path) {
		n.set(denied, "may not be written")
		return false
	}
	e := tree.Entry{Mode: c.Mode}
	if c.Kind != delta.Deleted && e.Special() {
		n.set(skipped, "is a FIFO, a socket or a device")
		return false
	}
	if !j.place(n) {
		return false
	}
	if n.now != nil && n.now.Mode.IsRegular() && n.stages() && c.Mode.IsRegular() && !j.opts.DryRun {
		return true // it is looked at when it is staged
	}
	if reason := j.source.check(c); reason != "" {
		n.set(failed, reason)
		return false
	}
	if c.Kind == delta.Deleted && n.now == nil {
		n.set(unchanged, "")
		return false
	}
	return true
}

// file reports whether a node is about a file with content, on which nothing
// depends that is judged after it.
func (j *judge) file(i int) bool {
	n := &j.nodes[i]
	if n.now == nil || !n.now.Mode.IsRegular() {
		return false
	}
	return i+1 == len(j.nodes) || !tree.Beneath(j.nodes[i+1].change.Path, n.change.Path)
}

// emptied makes a directory that shall go away a conflict when it holds what
// stays.
func (j *judge) emptied(n *node) {
	path := n.change.Path
	names, err := namesIn(j.root, path, j.a.of(bufferSize))
	if err != nil {
		n.set(failed, "cannot be listed: "+err.Error())
		return
	}
	for _, child := range names {
		i, ok := j.index[tree.Join(path, child)]
		if !ok || j.nodes[i].fate != applied || j.nodes[i].change.Kind != delta.Deleted {
			n.set(conflict, notEmpty)
			return
		}
	}
}

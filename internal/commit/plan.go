// SPDX-License-Identifier: MIT

package commit

import (
	"errors"
	"io/fs"
	"slices"

	"github.com/sandbox-rls/sandbox/internal/delta"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// fate is what becomes of a change.
type fate uint8

const (
	applied fate = iota
	conflict
	denied
	unchanged
	skipped
	failed
)

// node is a change with what was judged of it.
type node struct {
	change delta.Change
	fate   fate
	reason string
	now    *File  // what the target holds; nil where nothing is
	stamp  *Stamp // of now
	home   int
	// dir is who owns the directory that holds the path, and whether it gives
	// its group on.
	dir parent
	// only says that only permissions differ.
	only bool
	// forced says that it is not what the sandbox began with, and is to be overwritten.
	forced bool
	// plain says that the file of the target has no attributes.
	plain bool
}

type parent struct {
	uid, gid uint32
	setgid   bool
}

func (n *node) set(f fate, reason string) { n.fate, n.reason = f, reason }

// unread says why one of the two files could not be read as it was expected to be.
func (n *node) unread(err error) {
	n.set(failed, "cannot be read: "+err.Error())
	if errors.Is(err, delta.ErrStale) {
		n.set(failed, delta.ErrStale.Error())
	}
}

// compares reports whether the content of the two files may be the same.
func (n *node) compares() bool {
	c := &n.change
	return n.now != nil && n.now.Mode.IsRegular() && c.Kind != delta.Deleted && c.Mode.IsRegular() && c.Size == n.now.Size
}

// differs reports whether the sandbox's content is known to be another than what the
// sandbox began with: with the same permissions there would be no change otherwise.
func (n *node) differs() bool {
	c := &n.change
	return c.Kind == delta.Modified && c.OldMode.IsRegular() && tree.Perm(c.OldMode) == tree.Perm(c.Mode)
}

// removesDir reports whether the directory at the path goes away.
func (n *node) removesDir() bool {
	return n.fate == applied && n.now != nil && n.now.Mode.IsDir() && (n.change.Kind == delta.Deleted || !n.change.Mode.IsDir())
}

// makesDir reports whether a new directory comes to be at the path.
func (n *node) makesDir() bool {
	return n.fate == applied && n.change.Kind != delta.Deleted && n.change.Mode.IsDir() && (n.now == nil || !n.now.Mode.IsDir())
}

// stages reports whether there is content to be staged.
func (n *node) stages() bool {
	if n.fate != applied || n.change.Kind == delta.Deleted || n.only {
		return false
	}
	return !n.change.Mode.IsDir() || n.makesDir()
}

// perm are the permissions that the path shall have. A directory of the
// target keeps its set-group-ID bit, and a new one takes it from its own
// directory, as mkdir(2) does: it is the host's, not the sandbox's.
func (n *node) perm() uint32 {
	perm := tree.Perm(n.change.Mode)
	if !n.change.Mode.IsDir() {
		return perm
	}
	setgid := n.dir.setgid
	if n.now != nil && n.now.Mode.IsDir() {
		setgid = n.now.Mode&fs.ModeSetgid != 0
	}
	if setgid {
		perm |= 0o2000
	}
	return perm
}

// stepsOf are the steps of what is to be applied, in the order to do them:
// directories are opened up, what goes away goes, the deepest first; what is
// new comes, parents first; and directories are finished, the deepest first.
func stepsOf(nodes []node) []step {
	var open, remove, create, finish []step
	for i := range nodes {
		n := &nodes[i]
		if n.fate != applied {
			continue
		}
		s := step{Item: i, Path: name(n.change.Path), Home: n.home, Old: n.stamp}
		if n.removesDir() {
			s.Verb = stepRmdir
			remove = append(remove, s)
			s.Old = nil
		}
		switch {
		case n.change.Kind == delta.Deleted:
			if s.Verb == "" {
				s.Verb = stepRemove
				remove = append(remove, s)
			}
		case n.stages():
			s.Verb = stepSwap
			if s.Old == nil {
				s.Verb = stepMake
			}
			create = append(create, s)
			if n.makesDir() {
				s.Verb, s.Old, s.Perm, s.Mtime = stepFinish, nil, n.perm(), 0
				finish = append(finish, s)
			}
		default:
			s.Verb, s.Perm = stepChmod, n.perm()
			switch {
			case !n.change.Mode.IsDir():
				create = append(create, s)
			case s.Perm&0o700 == 0o700:
				open = append(open, s)
			default:
				finish = append(finish, s)
			}
		}
	}
	return inOrder(open, remove, create, finish)
}

// linked are the inodes of the files that several steps find at different names.
func linked(steps []step) map[uint64]bool {
	met, several := map[uint64]bool{}, map[uint64]bool{}
	for i := range steps {
		old := steps[i].Old
		if old == nil || !old.Mode.IsRegular() {
			continue
		}
		if met[old.Ino] {
			several[old.Ino] = true
		}
		met[old.Ino] = true
	}
	return several
}

func inOrder(open, remove, create, finish []step) []step {
	steps := make([]step, 0, len(open)+len(remove)+len(create)+len(finish))
	steps = append(steps, open...)
	for i := len(remove) - 1; i >= 0; i-- {
		steps = append(steps, remove[i])
	}
	steps = append(steps, create...)
	for i := len(finish) - 1; i >= 0; i-- {
		steps = append(steps, finish[i])
	}
	return steps
}

// reportOf sorts the nodes by their fate.
func reportOf(nodes []node) *Report {
	r := &Report{}
	lists := map[fate]*[]Item{
		applied: &r.Applied, conflict: &r.Conflicts, denied: &r.Denied,
		unchanged: &r.Unchanged, skipped: &r.Skipped, failed: &r.Failed,
	}
	for i := range nodes {
		n := &nodes[i]
		list := lists[n.fate]
		it := Item{Path: n.change.Path, Kind: n.change.Kind, Reason: n.reason}
		if n.fate == unchanged {
			it.Now = n.stamp
		}
		*list = append(*list, it)
	}
	return r
}

// blocks reports whether nothing may be applied because of what cannot be.
func blocks(nodes []node, partial bool) bool {
	return !partial && slices.ContainsFunc(nodes, func(n node) bool { return n.fate == conflict || n.fate == failed })
}

// SPDX-License-Identifier: MIT

package codebase

import (
	"slices"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// applier applies a batch within one transaction.
type applier struct {
	*edit
	strict bool
	force  bool
	seen   map[string]uint64 // by path: a version that the sandbox has seen
	report ApplyReport
	left   map[string]bool
}

// change is an item in its final form. Its record has no number of an object
// yet: that is asked for when it is needed.
type change struct {
	record
	delete bool
	lost   bool // its content could not be had
	base   uint64
	object func() uint64
}

// yields reports whether a state of a path, by the version and the time of its
// writing, makes room for a change, of that path or of one above or beneath it.
func (a *applier) yields(path string, version uint64, written int64, c *change) bool {
	if version <= max(c.base, a.seen[path]) || version == a.version || a.force {
		return true
	}
	return !a.strict && c.Written >= written
}

// leave reports a path that is left as somebody else wrote it.
func (a *applier) leave(path string) {
	if a.left[path] {
		return
	}
	a.left[path] = true
	list := &a.report.Superseded
	if a.strict {
		list = &a.report.Conflicts
	}
	*list = append(*list, path)
}

func (a *applier) apply(c *change) error {
	if c.delete {
		return a.remove(c)
	}
	old, ok, err := a.get(c.Path)
	if err != nil {
		return err
	}
	if ok && old.equal(&c.File) {
		a.report.Unchanged = append(a.report.Unchanged, c.Path)
		return nil
	}
	version, written := old.Version, old.Written
	if !ok {
		t, err := a.tombstone(c.Path)
		if err != nil {
			return err
		}
		version, written = t.version, t.written
	}
	free := a.yields(c.Path, version, written, c)
	if free && ok && old.Mode.IsDir() && !c.Mode.IsDir() {
		if free, err = a.vacant(c); err != nil {
			return err
		}
	}
	var obstacle string
	if free {
		if obstacle, free, err = a.way(c); err != nil {
			return err
		}
	}
	if !free {
		a.leave(c.Path)
		return nil
	}
	return a.put(c, obstacle)
}

// vacant reports whether all that lies beneath a directory makes room.
func (a *applier) vacant(c *change) (bool, error) {
	free := true
	err := a.beneath(c.Path, func(r *record) error {
		free = free && a.yields(r.Path, r.Version, r.Written, c)
		return nil
	})
	return free, err
}

// way finds what stands in the way of a path: a file in the place of one of
// its parents. It reports whether that makes room.
func (a *applier) way(c *change) (obstacle string, free bool, err error) {
	for dir := c.Path; dir != "/"; {
		dir, _ = tree.Split(dir)
		r, ok, err := a.get(dir)
		if err != nil {
			return "", false, err
		}
		if ok && !r.Mode.IsDir() {
			return dir, a.yields(dir, r.Version, r.Written, c), nil
		}
		if ok {
			break
		}
	}
	return "", true, nil
}

func (a *applier) put(c *change, obstacle string) error {
	if obstacle != "" {
		if err := a.bury(obstacle, c.Written); err != nil {
			return err
		}
	}
	if err := a.makeParents("apply", c.Path); err != nil {
		return err
	}
	if !c.Mode.IsDir() {
		if err := a.clear(c.Path, c.Written); err != nil {
			return err
		}
	}
	if c.Mode.IsRegular() {
		c.seq = c.object()
	}
	a.report.Applied = append(a.report.Applied, c.Path)
	return a.edit.put(c.record)
}

// remove removes a path with all beneath it that makes room. Directories above
// what does not are kept.
func (a *applier) remove(c *change) error {
	old, ok, err := a.get(c.Path)
	if err != nil {
		return err
	}
	if !ok {
		return a.removed(c)
	}
	states := []record{old}
	if old.Mode.IsDir() {
		err := a.beneath(c.Path, func(r *record) error {
			states = append(states, *r)
			return nil
		})
		if err != nil {
			return err
		}
	}
	kept := map[string]bool{}
	// Backwards, so that what a directory holds comes before it.
	for _, r := range slices.Backward(states) {
		free := a.yields(r.Path, r.Version, r.Written, c)
		if free && !kept[r.Path] {
			if err := a.bury(r.Path, c.Written); err != nil {
				return err
			}
			continue
		}
		if !free || r.Path == c.Path {
			a.leave(r.Path)
		}
		dir, _ := tree.Split(r.Path)
		kept[dir] = true
	}
	if !kept[c.Path] && len(states) > 0 {
		if _, still, err := a.get(c.Path); err != nil || still {
			return err
		}
		a.report.Applied = append(a.report.Applied, c.Path)
	}
	return nil
}

// removed reports on a path that is not there to be removed.
func (a *applier) removed(c *change) error {
	t, err := a.tombstone(c.Path)
	if err != nil {
		return err
	}
	list := &a.report.Unchanged
	if t.version == a.version {
		list = &a.report.Applied // with a directory above it
	}
	*list = append(*list, c.Path)
	return nil
}

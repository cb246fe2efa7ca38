// SPDX-License-Identifier: MIT

package codebase

import (
	"bytes"
	"time"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// edit is a change of a codebase within one transaction, which makes a version.
type edit struct {
	*contents
	version uint64 // the one that is made
	now     int64
	changed bool
	freed   []uint64 // objects that no record refers to any more
	// unindexed leaves the changes out, for an import that is followed by a
	// checkout of the whole.
	unindexed bool
	// problems, if not nil, are those of an import.
	problems []tree.Problem
}

func newEdit(c *contents) *edit {
	return &edit{contents: c, version: c.Version + 1, now: time.Now().UnixNano()}
}

// put puts a record in its place. What was there, if anything, must not be a
// directory with something in it, unless the new one is a directory too.
func (e *edit) put(r record) error {
	key := pathKey(r.Path)
	if err := e.forget(key, r.Path, &r.Written); err != nil {
		return err
	}
	r.Version = e.version
	if err := e.files.Put(key, r.encode()); err != nil {
		return err
	}
	if r.Mode.IsRegular() {
		e.FileCount++
		e.Size += r.Size
	}
	kind := changePut
	if r.Upload {
		kind, e.uploaded = changeUpload, e.version
	}
	return e.note(key, kind)
}

// bury leaves a tombstone in the place of a record.
func (e *edit) bury(path string, written int64) error {
	key := pathKey(path)
	if err := e.forget(key, path, &written); err != nil {
		return err
	}
	if err := e.files.Delete(key); err != nil {
		return err
	}
	if err := e.gone.Put(key, tombstone{e.version, written}.encode()); err != nil {
		return err
	}
	return e.note(key, changeGone)
}

// forget takes account of the loss of what a path has, and makes its time of
// writing no less than it was. Not so with a tombstone, which may have been
// forgotten.
func (e *edit) forget(key []byte, path string, written *int64) error {
	e.changed = true
	old, ok, err := e.get(path)
	if err != nil {
		return err
	}
	if ok {
		*written = max(*written, old.Written)
		if old.Mode.IsRegular() {
			e.FileCount--
			e.Size -= old.Size
			e.freed = append(e.freed, old.seq)
		}
		return e.changes.Delete(changeKey(old.Version, key))
	}
	t, err := e.tombstone(path)
	if err != nil || t == (tombstone{}) {
		return err
	}
	if err := e.gone.Delete(key); err != nil {
		return err
	}
	return e.changes.Delete(changeKey(t.version, key))
}

func (e *edit) note(key []byte, kind byte) error {
	if e.unindexed {
		return nil
	}
	return e.changes.Put(changeKey(e.version, key), []byte{kind})
}

// clear removes all that lies beneath a directory.
func (e *edit) clear(dir string, written int64) error {
	var paths []string // a cursor does not survive what is done to its bucket
	err := e.beneath(dir, func(r *record) error {
		paths = append(paths, r.Path)
		return nil
	})
	for _, path := range paths {
		if err == nil {
			err = e.bury(path, written)
		}
	}
	return err
}

// makeParents makes the directories that lead to a path.
func (e *edit) makeParents(op, path string) error {
	dir, _ := tree.Split(path)
	var missing []string
	for {
		r, ok, err := e.get(dir)
		if err != nil {
			return err
		}
		if ok && !r.Mode.IsDir() {
			return pathError(op, dir, ErrNotDirectory)
		}
		if ok {
			break
		}
		missing = append(missing, dir)
		dir, _ = tree.Split(dir)
	}
	for i := len(missing) - 1; i >= 0; i-- {
		dir := record{File: File{Path: missing[i], Mode: defaultDirMode, ModTime: e.now, Written: e.now}}
		if err := e.put(dir); err != nil {
			return err
		}
	}
	return nil
}

// place puts a record where nothing of another type is: no directory for a
// file, and no file for a directory. Parents are made.
func (e *edit) place(op string, r record) error {
	old, ok, err := e.get(r.Path)
	switch {
	case err != nil:
		return err
	case ok && old.Mode.IsDir() && !r.Mode.IsDir():
		return pathError(op, r.Path, ErrIsDirectory)
	case ok && !old.Mode.IsDir() && r.Mode.IsDir():
		return pathError(op, r.Path, ErrNotDirectory)
	}
	if err := e.makeParents(op, r.Path); err != nil {
		return err
	}
	return e.put(r)
}

// pruneStep is how many changes one transaction forgets.
const pruneStep = 256

// prune forgets changes up to a version beyond which no checkout goes back.
func (e *edit) prune(oldest uint64) error {
	var old [][]byte
	c := e.changes.Cursor()
	for k, _ := c.First(); k != nil && len(old) < pruneStep; k, _ = c.Next() {
		version, _ := splitChangeKey(k)
		if version > oldest {
			break
		}
		old = append(old, bytes.Clone(k))
	}
	for _, k := range old {
		version, key := splitChangeKey(k)
		e.floor = max(e.floor, version)
		if err := e.changes.Delete(k); err != nil {
			return err
		}
		if err := e.gone.Delete(key); err != nil {
			return err
		}
	}
	return nil
}

// save writes the state of the new version.
func (e *edit) save(t tables) error {
	e.Version = e.version
	e.Updated = time.Unix(0, e.now)
	if e.unindexed {
		e.floor = e.version
	}
	if e.problems != nil {
		if err := t.skipped.Put([]byte(e.ID), encodeProblems(e.problems)); err != nil {
			return err
		}
	}
	return t.states.Put([]byte(e.ID), e.state.encode())
}

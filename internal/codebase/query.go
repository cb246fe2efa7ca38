// SPDX-License-Identifier: MIT

package codebase

import (
	"bytes"
	"encoding/binary"
	"io/fs"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// get returns the record of a path, and whether there is one.
func (c *contents) get(path string) (record, bool, error) {
	b := c.files.Get(pathKey(path))
	if b == nil {
		return record{}, false, nil
	}
	r, err := decodeRecord(path, b)
	return r, err == nil, err
}

// tombstone returns that of a path; the zero one where there is none.
func (c *contents) tombstone(path string) (tombstone, error) {
	b := c.gone.Get(pathKey(path))
	if b == nil {
		return tombstone{}, nil
	}
	return decodeTombstone(b)
}

// stat returns the record of a path that has to be there.
func (c *contents) stat(op, path string) (record, error) {
	r, ok, err := c.get(path)
	if err == nil && !ok {
		err = pathError(op, path, fs.ErrNotExist)
	}
	return r, err
}

// beneath calls f with all records beneath a directory, in tree order.
func (c *contents) beneath(dir string, f func(*record) error) error {
	prefix := beneathKey(dir)
	cursor := c.files.Cursor()
	k, v := cursor.Seek(prefix)
	if dir == "/" {
		k, v = cursor.Next() // the prefix is the root's own key
	}
	for ; bytes.HasPrefix(k, prefix); k, v = cursor.Next() {
		r, err := decodeRecord(keyPath(k), v)
		if err != nil {
			return err
		}
		if err := f(&r); err != nil {
			return err
		}
	}
	return nil
}

// children calls f with the records of a directory's own names, sorted.
func (c *contents) children(dir string, f func(*record) error) error {
	prefix := beneathKey(dir)
	cursor := c.files.Cursor()
	k, v := cursor.Seek(prefix)
	if dir == "/" {
		k, v = cursor.Next()
	}
	for bytes.HasPrefix(k, prefix) {
		r, err := decodeRecord(keyPath(k), v)
		if err != nil {
			return err
		}
		if err := f(&r); err != nil {
			return err
		}
		if r.Mode.IsDir() {
			k, v = cursor.Seek(afterKey(k))
		} else {
			k, v = cursor.Next()
		}
	}
	return nil
}

// all returns the records of the root and of all beneath it.
func (c *contents) all() ([]record, error) {
	root, err := c.stat("stat", "/")
	if err != nil {
		return nil, err
	}
	records := []record{root}
	err = c.beneath("/", func(r *record) error {
		records = append(records, *r)
		return nil
	})
	return records, err
}

// empty reports whether there is nothing but the root.
func (c *contents) empty() bool {
	cursor := c.files.Cursor()
	cursor.First()
	k, _ := cursor.Next()
	return k == nil
}

// changed is a path that was written or removed.
type changed struct {
	path string
	kind byte
}

// since returns the paths that changed after a version, in the order of their
// changes, but at most limit of them; below zero there is no limit.
func (c *contents) since(version uint64, limit int) []changed {
	var all []changed
	cursor := c.changes.Cursor()
	for k, v := cursor.Seek(binary.BigEndian.AppendUint64(nil, version+1)); k != nil && len(all) != limit; k, v = cursor.Next() {
		_, key := splitChangeKey(k)
		all = append(all, changed{keyPath(key), v[0]})
	}
	return all
}

// listing is what a checkout of the records shows.
func listing(records []record) *tree.Tree {
	t := &tree.Tree{Entries: make([]tree.Entry, len(records))}
	for i := range records {
		t.Entries[i] = records[i].entry()
	}
	return t
}

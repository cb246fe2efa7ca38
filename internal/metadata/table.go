// SPDX-License-Identifier: MIT

package metadata

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	bolt "go.etcd.io/bbolt"
)

// ErrNotFound says that a table has no such row. It matches fs.ErrNotExist.
var ErrNotFound = fmt.Errorf("no such row: %w", fs.ErrNotExist)

// Row is what a table keeps of one thing.
type Row struct {
	// ID names the row. Tables are in its order.
	ID string `json:"-"`
	// Group is what rows are found by together; "" for none. It has no NUL byte.
	Group string `json:"group,omitempty"`
	// Labels are what rows can be told apart by without their Doc being read.
	Labels map[string]string `json:"labels,omitempty"`
	// Doc is the rest, as JSON.
	Doc json.RawMessage `json:"-"`
}

// encode makes a line of what is read of each row, and the Doc of what follows.
func (r *Row) encode() ([]byte, error) {
	head, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	return append(append(head, '\n'), r.Doc...), nil
}

// Table is a set of rows, with an index by group. It is safe for concurrent use.
type Table struct {
	db           *bolt.DB
	rows, groups []byte
}

// Table opens a table, which is made when it is missing.
func (s *Store) Table(name string) (*Table, error) {
	t := &Table{db: s.db, rows: []byte(name), groups: []byte(name + ".group")}
	return t, s.db.Update(func(tx *bolt.Tx) error {
		for _, b := range [][]byte{t.rows, t.groups} {
			if _, err := tx.CreateBucketIfNotExists(b); err != nil {
				return err
			}
		}
		return nil
	})
}

// Put writes a row, in the place of the one of that name.
func (t *Table) Put(r Row) error {
	value, err := r.encode()
	if err != nil {
		return err
	}
	return t.db.Update(func(tx *bolt.Tx) error {
		if err := t.unlink(tx, r.ID); err != nil {
			return err
		}
		if r.Group != "" {
			if err := tx.Bucket(t.groups).Put(groupKey(r.Group, r.ID), nil); err != nil {
				return err
			}
		}
		return tx.Bucket(t.rows).Put([]byte(r.ID), value)
	})
}

// unlink takes a row out of the index.
func (t *Table) unlink(tx *bolt.Tx, id string) error {
	r, err := t.get(tx, id)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return tx.Bucket(t.groups).Delete(groupKey(r.Group, id))
}

// Delete removes a row. A missing one is no error.
func (t *Table) Delete(id string) error {
	return t.db.Update(func(tx *bolt.Tx) error {
		if err := t.unlink(tx, id); err != nil {
			return err
		}
		return tx.Bucket(t.rows).Delete([]byte(id))
	})
}

// Get reads a row. A missing one is ErrNotFound.
func (t *Table) Get(id string) (r Row, err error) {
	err = t.db.View(func(tx *bolt.Tx) error {
		r, err = t.get(tx, id)
		return err
	})
	return r, err
}

func (t *Table) get(tx *bolt.Tx, id string) (Row, error) {
	value := tx.Bucket(t.rows).Get([]byte(id))
	if value == nil {
		return Row{}, ErrNotFound
	}
	return decode([]byte(id), value)
}

func decode(id, value []byte) (Row, error) {
	r := Row{ID: string(id)}
	head, doc, _ := bytes.Cut(value, []byte{'\n'})
	if err := json.Unmarshal(head, &r); err != nil {
		return r, fmt.Errorf("row %q is damaged: %w", id, err)
	}
	r.Doc = bytes.Clone(doc) // it is the file's own memory
	return r, nil
}

// Scan calls f with the rows whose names come after one, in order, of one group
// or of all ("" for that), until f says false. f must not change the table.
func (t *Table) Scan(group, after string, f func(Row) (more bool)) error {
	return t.db.View(func(tx *bolt.Tx) error {
		if group == "" {
			return t.scanRows(tx, after, f)
		}
		prefix := groupKey(group, "")
		c := tx.Bucket(t.groups).Cursor()
		for k, _ := c.Seek(groupKey(group, after)); k != nil && bytes.HasPrefix(k, prefix); k, _ = c.Next() {
			id := string(k[len(prefix):])
			if id == after {
				continue
			}
			r, err := t.get(tx, id)
			if err != nil {
				return err
			}
			if !f(r) {
				return nil
			}
		}
		return nil
	})
}

func (t *Table) scanRows(tx *bolt.Tx, after string, f func(Row) bool) error {
	c := tx.Bucket(t.rows).Cursor()
	for k, v := c.Seek([]byte(after)); k != nil; k, v = c.Next() {
		if string(k) == after {
			continue
		}
		r, err := decode(k, v)
		if err != nil {
			return err
		}
		if !f(r) {
			return nil
		}
	}
	return nil
}

func groupKey(group, id string) []byte { return []byte(group + "\x00" + id) }

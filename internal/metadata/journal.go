// SPDX-License-Identifier: MIT

package metadata

import (
	"bytes"

	bolt "go.etcd.io/bbolt"
)

// Journal is a set of named notes of what is under way. It is safe for
// concurrent use.
type Journal struct {
	db   *bolt.DB
	name []byte
}

// Journal opens a journal, which is made when it is missing.
func (s *Store) Journal(name string) (*Journal, error) {
	j := &Journal{db: s.db, name: []byte(name)}
	return j, s.db.Update(func(tx *bolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(j.name)
		return err
	})
}

// Put writes a note, in the place of the one of that name.
func (j *Journal) Put(id string, note []byte) error {
	return j.db.Update(func(tx *bolt.Tx) error { return tx.Bucket(j.name).Put([]byte(id), note) })
}

// Delete removes a note. A missing one is no error.
func (j *Journal) Delete(id string) error {
	return j.db.Update(func(tx *bolt.Tx) error { return tx.Bucket(j.name).Delete([]byte(id)) })
}

// All returns the notes.
func (j *Journal) All() (map[string][]byte, error) {
	all := map[string][]byte{}
	err := j.db.View(func(tx *bolt.Tx) error {
		return tx.Bucket(j.name).ForEach(func(k, v []byte) error {
			all[string(k)] = bytes.Clone(v) // it is the file's own memory
			return nil
		})
	})
	return all, err
}

// SPDX-License-Identifier: MIT

package codebase

import (
	bolt "go.etcd.io/bbolt"
)

// The buckets of the database, all within one.
var (
	topBucket = []byte("codebases")

	stateBucket   = []byte("info")    // ID: state
	ownersBucket  = []byte("owners")  // owner, 0, ID: nothing
	skippedBucket = []byte("skipped") // ID: problems of the last import
	trashBucket   = []byte("trash")   // ID, 0, number of an object: how many
	dataBucket    = []byte("data")    // ID: the three below

	filesBucket   = []byte("files")   // path: record
	changesBucket = []byte("changes") // version, path: the kind of the change
	goneBucket    = []byte("gone")    // path: tombstone
)

// The kinds of a change.
const (
	changePut byte = iota
	changeUpload
	changeGone
)

// tables are the buckets of all codebases.
type tables struct {
	states, owners, skipped, trash, data *bolt.Bucket
}

func tablesOf(tx *bolt.Tx) tables {
	top := tx.Bucket(topBucket)
	return tables{
		states: top.Bucket(stateBucket), owners: top.Bucket(ownersBucket), skipped: top.Bucket(skippedBucket),
		trash: top.Bucket(trashBucket), data: top.Bucket(dataBucket),
	}
}

// makeTables makes what is missing of the buckets.
func makeTables(db *bolt.DB) error {
	return db.Update(func(tx *bolt.Tx) error {
		top, err := tx.CreateBucketIfNotExists(topBucket)
		if err != nil {
			return err
		}
		for _, name := range [][]byte{stateBucket, ownersBucket, skippedBucket, trashBucket, dataBucket} {
			if _, err := top.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
}

// state returns that of a codebase, or ErrNotFound.
func (t tables) state(id string) (*state, error) {
	b := t.states.Get([]byte(id))
	if b == nil {
		return nil, ErrNotFound
	}
	return decodeState(id, b)
}

// contents is what one codebase holds, as a transaction sees it.
type contents struct {
	*state
	files, changes, gone *bolt.Bucket
}

// contents returns those of a codebase, or ErrNotFound.
func (t tables) contents(id string) (*contents, error) {
	s, err := t.state(id)
	if err != nil {
		return nil, err
	}
	data := t.data.Bucket([]byte(id))
	return &contents{
		state: s, files: data.Bucket(filesBucket), changes: data.Bucket(changesBucket), gone: data.Bucket(goneBucket),
	}, nil
}

// create adds a codebase that holds its root and nothing else.
func (t tables) create(s *state) error {
	id := []byte(s.ID)
	if t.states.Get(id) != nil {
		return ErrExists
	}
	data, err := t.data.CreateBucket(id)
	if err != nil {
		return err
	}
	for _, name := range [][]byte{filesBucket, changesBucket, goneBucket} {
		if _, err := data.CreateBucket(name); err != nil {
			return err
		}
	}
	root := record{File: File{Path: "/", Mode: defaultDirMode, ModTime: s.Created.UnixNano(), Version: s.Version, Written: s.Created.UnixNano()}}
	if err := data.Bucket(filesBucket).Put(pathKey("/"), root.encode()); err != nil {
		return err
	}
	if err := t.owners.Put(ownerKey(s.OwnerID, s.ID), nil); err != nil {
		return err
	}
	return t.states.Put(id, s.encode())
}

// remove removes a codebase.
func (t tables) remove(id string) error {
	s, err := t.state(id)
	if err != nil {
		return err
	}
	if err := t.data.DeleteBucket([]byte(id)); err != nil {
		return err
	}
	for _, run := range trashOf(t.trash, id) {
		if err := t.trash.Delete(trashRunKey(id, run.from)); err != nil {
			return err
		}
	}
	if err := t.owners.Delete(ownerKey(s.OwnerID, id)); err != nil {
		return err
	}
	if err := t.skipped.Delete([]byte(id)); err != nil {
		return err
	}
	return t.states.Delete([]byte(id))
}

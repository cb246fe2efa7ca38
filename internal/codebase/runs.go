// SPDX-License-Identifier: MIT

package codebase

import (
	"bytes"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// run is a number of objects with consecutive numbers.
type run struct {
	from, count uint64
}

// runsOf joins numbers to runs. It sorts them.
func runsOf(seqs []uint64) []run {
	slices.Sort(seqs)
	var runs []run
	for _, seq := range seqs {
		if n := len(runs); n > 0 && runs[n-1].from+runs[n-1].count == seq {
			runs[n-1].count++
			continue
		}
		runs = append(runs, run{seq, 1})
	}
	return runs
}

// trashOf lists the objects of a codebase that have to be removed.
func trashOf(trash *bolt.Bucket, id string) []run {
	var runs []run
	prefix := trashKey(id)
	c := trash.Cursor()
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		if _, seq, ok := splitTrashKey(k); ok {
			d := decoder{rest: v}
			runs = append(runs, run{seq, d.uint()})
		}
	}
	return runs
}

func putTrash(trash *bolt.Bucket, id string, runs []run) error {
	for _, r := range runs {
		var e encoder
		e.uint(r.count)
		if err := trash.Put(trashRunKey(id, r.from), e); err != nil {
			return err
		}
	}
	return nil
}

func dropTrash(trash *bolt.Bucket, id string, runs []run) error {
	for _, r := range runs {
		if err := trash.Delete(trashRunKey(id, r.from)); err != nil {
			return err
		}
	}
	return nil
}

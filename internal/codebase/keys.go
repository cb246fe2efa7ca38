// SPDX-License-Identifier: MIT

package codebase

import (
	"bytes"
	"encoding/binary"
)

// pathKey is the database's key of a path. Its order is that of trees
// (tree.Compare), in which a slash comes before all other bytes.
func pathKey(path string) []byte {
	key := []byte(path)
	for i := range key {
		if key[i] == '/' {
			key[i] = 0
		}
	}
	return key
}

// keyPath is the path of a key.
func keyPath(key []byte) string {
	return string(bytes.ReplaceAll(key, []byte{0}, []byte{'/'}))
}

// beneathKey begins the keys of all that lies beneath a directory.
func beneathKey(dir string) []byte {
	if dir == "/" {
		return []byte{0}
	}
	return append(pathKey(dir), 0)
}

// afterKey comes after the key of a path and of all that lies beneath it, and
// before all that follows.
func afterKey(key []byte) []byte { return append(bytes.Clone(key), 1) }

// changeKey is the key of a path among the changes: by version first.
func changeKey(version uint64, key []byte) []byte {
	return append(binary.BigEndian.AppendUint64(nil, version), key...)
}

func splitChangeKey(k []byte) (version uint64, key []byte) {
	return binary.BigEndian.Uint64(k), k[8:]
}

// ownerKey is the key of a codebase among those of its owner. Without an ID it
// begins all of them.
func ownerKey(owner, id string) []byte {
	return append(append([]byte(owner), 0), id...)
}

// trashKey is the key of a run of objects to be removed. Without a number it
// begins all of the codebase.
func trashKey(id string) []byte { return append([]byte(id), 0) }

func trashRunKey(id string, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(trashKey(id), seq)
}

// splitTrashKey is the reverse. IDs have no zero bytes.
func splitTrashKey(k []byte) (id string, seq uint64, ok bool) {
	i := bytes.IndexByte(k, 0)
	if i < 0 || len(k) != i+9 {
		return "", 0, false
	}
	return string(k[:i]), binary.BigEndian.Uint64(k[i+1:]), true
}

// SPDX-License-Identifier: MIT

package commit

// Journal remembers commits that are under way. It is used by one goroutine
// at a time for each id.
type Journal interface {
	// Put stores an entry in place of the one that has the id. It is durable
	// when Put returns.
	Put(id string, entry []byte) error
	// Delete removes an entry. One that is not there is no error.
	Delete(id string) error
	// All returns the entries by id.
	All() (map[string][]byte, error)
}

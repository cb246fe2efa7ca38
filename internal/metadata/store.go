// SPDX-License-Identifier: MIT

package metadata

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// fileName is the store's file in a state directory.
const fileName = "state.db"

// patience is how long Open waits for whoever still has the file: the state
// directory's own lock has been taken before, so that nobody should.
const patience = 2 * time.Second

// Store is an open file of metadata. It is safe for concurrent use.
type Store struct {
	db *bolt.DB
}

// Open opens the store of a state directory, which is made when it is missing. What a
// transaction has written is on disk when it ends.
func Open(dir string) (*Store, error) {
	path := filepath.Join(dir, fileName)
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: patience, FreelistType: bolt.FreelistMapType, NoFreelistSync: true})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, explain(err))
	}
	return &Store{db: db}, nil
}

// OpenMemory opens a store in memory, for a state directory that goes with the
// process.
func OpenMemory() (*Store, error) {
	db, err := bolt.Open("metadata", 0o600, &bolt.Options{
		NoSync: true, NoGrowSync: true, FreelistType: bolt.FreelistMapType, NoFreelistSync: true, NoStatistics: true,
		OpenFile: func(name string, _ int, _ os.FileMode) (*os.File, error) { return memoryFile(name) },
	})
	if err != nil {
		return nil, err
	}
	return &Store{db: db}, nil
}

// explain says what to do about a file that cannot be used.
func explain(err error) error {
	if errors.Is(err, bolterrors.ErrTimeout) {
		return fmt.Errorf("another process has it open: %w", err)
	}
	if errors.Is(err, bolterrors.ErrInvalid) || errors.Is(err, bolterrors.ErrChecksum) || errors.Is(err, bolterrors.ErrVersionMismatch) {
		return fmt.Errorf("it is damaged, or of another version: %w; put it back from a backup, or use another state directory", err)
	}
	return err
}

// DB is the file itself, for packages that keep buckets of their own in it.
func (s *Store) DB() *bolt.DB { return s.db }

// Durable says that what a transaction has written outlives the machine.
func (s *Store) Durable() bool { return !s.db.NoSync }

// Close closes the store.
func (s *Store) Close() error { return s.db.Close() }

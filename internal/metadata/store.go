// SPDX-License-Identifier: MIT

package metadata

import (
	"errors"
	"fmt"
	"io/fs"
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

// ErrDamaged says that the file cannot be used as it is, and has been left so.
var ErrDamaged = errors.New("it is damaged, or of another version")

// Open opens the store of a state directory, which is made when it is missing, unless
// the directory holds what only the store could tell the meaning of. What a
// transaction has written is on disk when it ends.
func Open(dir string) (*Store, error) {
	path := filepath.Join(dir, fileName)
	err := examine(dir, path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w; put it back from a backup, or use another state directory", path, ErrDamaged, err)
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: patience, FreelistType: bolt.FreelistMapType, NoFreelistSync: true})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, explain(err))
	}
	return &Store{db: db}, nil
}

// examine says what is wrong with the file at path.
func examine(dir, path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return alone(dir, "missing")
	}
	if err != nil {
		return nil // the database says so
	}
	defer f.Close()
	fi, err := f.Stat()
	switch {
	case err != nil || !fi.Mode().IsRegular():
		return err
	case fi.Size() == 0:
		return alone(dir, "empty")
	}
	return check(f, fi.Size())
}

// alone returns an error if a state directory holds what a new store would not know
// of, and which would be removed for that.
func alone(dir, state string) error {
	for _, name := range []string{"codebases", "deltas"} {
		if names, err := os.ReadDir(filepath.Join(dir, name)); err == nil && len(names) > 0 {
			return fmt.Errorf("it is %s, while there are %s", state, name)
		}
	}
	return nil
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
	return err
}

// DB is the file itself, for packages that keep buckets of their own in it.
func (s *Store) DB() *bolt.DB { return s.db }

// Durable says that what a transaction has written outlives the machine.
func (s *Store) Durable() bool { return !s.db.NoSync }

// Close closes the store.
func (s *Store) Close() error { return s.db.Close() }

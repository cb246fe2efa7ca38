// SPDX-License-Identifier: MIT

//go:build !linux

package codebase

import (
	"context"
	"errors"
	"io"
	"os"

	bolt "go.etcd.io/bbolt"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Store needs Linux.
type Store struct{}

// Fetch needs Linux.
func (s *Store) Fetch(ctx context.Context, id, path string) (*os.File, File, error) {
	return nil, File{}, errors.ErrUnsupported
}

// Open needs Linux.
func Open(db *bolt.DB, dir string, owner tree.Owner, opts ...Option) (*Store, error) {
	return nil, errors.ErrUnsupported
}

// Close does nothing.
func (s *Store) Close() error { return nil }

// Create needs Linux.
func (s *Store) Create(ctx context.Context, info Info) (Info, error) {
	return Info{}, errors.ErrUnsupported
}

// Get needs Linux.
func (s *Store) Get(ctx context.Context, id string) (Info, error) {
	return Info{}, errors.ErrUnsupported
}

// List needs Linux.
func (s *Store) List(ctx context.Context, ownerID, after string, limit int) (page []Info, next string, err error) {
	return nil, "", errors.ErrUnsupported
}

// Delete needs Linux.
func (s *Store) Delete(ctx context.Context, id string) error { return errors.ErrUnsupported }

// Write needs Linux.
func (s *Store) Write(ctx context.Context, id, path string, r io.Reader, opts WriteOptions) (File, error) {
	return File{}, errors.ErrUnsupported
}

// Remove needs Linux.
func (s *Store) Remove(ctx context.Context, id, path string) error { return errors.ErrUnsupported }

// Stat needs Linux.
func (s *Store) Stat(ctx context.Context, id, path string) (File, error) {
	return File{}, errors.ErrUnsupported
}

// Open needs Linux.
func (s *Store) Open(ctx context.Context, id, path string) (*os.File, File, error) {
	return nil, File{}, errors.ErrUnsupported
}

// Entries needs Linux.
func (s *Store) Entries(ctx context.Context, id, dir string, recursive bool) ([]File, error) {
	return nil, errors.ErrUnsupported
}

// Since needs Linux.
func (s *Store) Since(ctx context.Context, id string, version uint64) ([]File, error) {
	return nil, errors.ErrUnsupported
}

// Import needs Linux.
func (s *Store) Import(ctx context.Context, id string, t *tree.Tree) ([]tree.Problem, error) {
	return nil, errors.ErrUnsupported
}

// ImportTar needs Linux.
func (s *Store) ImportTar(ctx context.Context, id string, r io.Reader, limits Limits) ([]tree.Problem, error) {
	return nil, errors.ErrUnsupported
}

// ExportTar needs Linux.
func (s *Store) ExportTar(ctx context.Context, id string, w io.Writer) error {
	return errors.ErrUnsupported
}

// Apply needs Linux.
func (s *Store) Apply(ctx context.Context, id string, batch Batch) (ApplyReport, error) {
	return ApplyReport{}, errors.ErrUnsupported
}

// Checkout needs Linux.
func (s *Store) Checkout(ctx context.Context, id string) (*Checkout, error) {
	return nil, errors.ErrUnsupported
}

// Hold needs Linux.
func (s *Store) Hold(names ...string) error { return errors.ErrUnsupported }

// Drop does nothing.
func (s *Store) Drop(names ...string) {}

// Load needs Linux.
func (s *Store) Load(ctx context.Context, name string) (*Checkout, error) {
	return nil, errors.ErrUnsupported
}

// Sweep needs Linux.
func (s *Store) Sweep(keep func(name string) bool) error { return errors.ErrUnsupported }

// Rebuild needs Linux.
func (s *Store) Rebuild(ctx context.Context, name, dir string) (root string, exact bool, err error) {
	return "", false, errors.ErrUnsupported
}

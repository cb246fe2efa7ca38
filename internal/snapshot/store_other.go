// SPDX-License-Identifier: MIT

//go:build !linux

package snapshot

import (
	"context"
	"errors"

	"github.com/sandbox-rls/sandbox/fsguard"
	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Store needs Linux.
type Store struct{}

// Open needs Linux.
func Open(dir string, owner tree.Owner) (*Store, error) { return nil, errors.ErrUnsupported }

// Take needs Linux.
func (s *Store) Take(ctx context.Context, src *tree.Tree, policy *fsguard.Policy) (*Snapshot, error) {
	return nil, errors.ErrUnsupported
}

// Load needs Linux.
func (s *Store) Load(id string) (*Snapshot, error) {
	return nil, errors.ErrUnsupported
}

// Release does nothing.
func (s *Store) Release(snap *Snapshot) {}

// Sweep needs Linux.
func (s *Store) Sweep() error { return errors.ErrUnsupported }

// Close does nothing.
func (s *Store) Close() error { return nil }

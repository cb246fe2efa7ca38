// SPDX-License-Identifier: MIT

//go:build !linux

package delta

import (
	"context"
	"errors"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// Base needs Linux.
type Base struct{}

// OpenBase needs Linux.
func OpenBase(Layers, tree.Owner) (*Base, error) { return nil, errors.ErrUnsupported }

// Put needs Linux.
func (*Base) Put(string, PutSpec) error { return errors.ErrUnsupported }

// Close does nothing.
func (*Base) Close() error { return nil }

// Promote needs Linux.
func Promote(Layers, tree.Owner) error { return errors.ErrUnsupported }

// Merge needs Linux.
func Merge([]string, string) error { return errors.ErrUnsupported }

// Copy needs Linux.
func Copy(context.Context, string, string, tree.Owner) error { return errors.ErrUnsupported }

// Empty needs Linux.
func Empty(string) error { return errors.ErrUnsupported }

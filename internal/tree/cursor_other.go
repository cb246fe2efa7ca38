// SPDX-License-Identifier: MIT

//go:build !linux

package tree

import "errors"

// Cursor needs Linux.
type Cursor struct{}

// OpenCursor needs Linux.
func OpenCursor(string) (*Cursor, error) { return nil, errors.ErrUnsupported }

// Close does nothing.
func (*Cursor) Close() error { return nil }

// At needs Linux.
func (*Cursor) At(string) (dirfd int, name string, err error) { return -1, "", errors.ErrUnsupported }

// RemoveAt needs Linux.
func RemoveAt(dirfd int, name string) error { return errors.ErrUnsupported }

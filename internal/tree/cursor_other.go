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

// SPDX-License-Identifier: MIT

//go:build !linux

package delta

import "errors"

// Changes needs Linux.
func Changes(upper string, lower []string) ([]Change, error) {
	return nil, errors.ErrUnsupported
}

// Size needs Linux.
func Size(upper string) (bytes, files int64, err error) { return 0, 0, errors.ErrUnsupported }

// Reader needs Linux.
type Reader struct{}

// OpenReader needs Linux.
func OpenReader(upper string, lower []string) (*Reader, error) { return nil, errors.ErrUnsupported }

// Close does nothing.
func (*Reader) Close() {}

// Read needs Linux.
func (*Reader) Read(path string, limit int64) (Pair, error) { return Pair{}, errors.ErrUnsupported }

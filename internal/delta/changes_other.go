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

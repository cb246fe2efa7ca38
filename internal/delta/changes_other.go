// SPDX-License-Identifier: MIT

//go:build !linux

package delta

import "errors"

// Changes needs Linux.
func Changes(upper string, lower []string) ([]Change, error) {
	return nil, errors.ErrUnsupported
}

// SPDX-License-Identifier: MIT

package codebase

import (
	"errors"
	"io/fs"
)

// leftOut returns why an item is left out, of which an error tells. Nothing is when the
// batch is not strict but what would be the same the next time.
func leftOut(err error, strict bool) error {
	var problem *sourceError
	if !errors.As(err, &problem) {
		return nil
	}
	if strict || errors.Is(err, fs.ErrPermission) || errors.Is(err, ErrSparse) {
		return problem.err
	}
	return nil
}

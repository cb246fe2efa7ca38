// SPDX-License-Identifier: MIT

//go:build !linux

package delta

import (
	"errors"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// CheckChange needs Linux.
func CheckChange(*tree.Cursor, *Change) error { return errors.ErrUnsupported }

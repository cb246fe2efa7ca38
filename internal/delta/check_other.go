// SPDX-License-Identifier: MIT

//go:build !linux

package delta

import (
	"errors"

	"github.com/sandbox-rls/sandbox/internal/tree"
)

// CheckChange needs Linux.
func CheckChange(*tree.Cursor, *Change) error { return errors.ErrUnsupported }

// Standing needs Linux.
func Standing(*tree.Cursor, string) (bool, error) { return false, errors.ErrUnsupported }

// OpenUp needs Linux.
func OpenUp(*tree.Cursor, string) (bool, error) { return false, errors.ErrUnsupported }

// SPDX-License-Identifier: MIT

//go:build !linux

package procs

import (
	"errors"
	"os"
)

// Count returns how many processes a sandbox has besides its init.
func Count(*os.File) (int, error) { return 0, errors.ErrUnsupported }

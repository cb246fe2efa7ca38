// SPDX-License-Identifier: MIT

//go:build !linux

package metadata

import (
	"errors"
	"os"
)

func memoryFile(string) (*os.File, error) { return nil, errors.ErrUnsupported }
